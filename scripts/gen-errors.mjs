// Writes docs/errors.md from the one table of errors. With --check it only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../docs/errors.md', import.meta.url))
const { ERRORS } = await import(new URL('../packages/sojourn/dist/core/errors.js', import.meta.url))

const text = [
  '<!-- Written by `npm run gen` from packages/sojourn/src/core/errors.ts. Change it there. -->',
  '',
  '# Errors',
  '',
  'Every failure of sojourn is a `SessionError`. Match its `code`: codes are never renamed and never used',
  'again. A session that is absent, expired or revoked is no error; it reads as `null`.',
  '',
  '| code | status | retryable |',
  '|---|---|---|',
  ...Object.entries(ERRORS).map(
    ([code, { status, retryable }]) =>
      `| [\`${code}\`](#${code.toLowerCase()}) | ${status} | ${yesNo(retryable)} |`,
  ),
  ...Object.entries(ERRORS).flatMap(section),
  '',
].join('\n')

function section([code, { status, retryable, message, help }]) {
  const facts = `HTTP status ${status}. Retryable: ${yesNo(retryable)}.`
  return ['', `## ${code}`, '', `> ${message}`, '', facts, '', `**What to do.** ${help}`]
}

function yesNo(value) {
  return value ? 'yes' : 'no'
}

const current = existsSync(page) ? readFileSync(page, 'utf8') : ''
if (current !== text && process.argv.includes('--check')) {
  console.error('docs/errors.md is not what its table says. Run `npm run gen` and commit the file.')
  process.exitCode = 1
} else if (current !== text) {
  writeFileSync(page, text)
}
