import './workspace/node-version.mjs'
import { ensureBuilt } from './workspace/build.mjs'
import { ensureInstalled } from './workspace/install.mjs'
import { ensureRequirement, find, OPTIONAL, REQUIREMENTS } from './workspace/requirements.mjs'
import { seconds, step } from './workspace/run.mjs'
import { CHECKS, runCheck, runTests } from './workspace/stages.mjs'

/** Two at a time: the machines that this must run on have two cores. */
const PARALLEL = 2

// npm test                            everything
// npm test -- --only=types,lint       these stages; the last one is called `tests`
// npm test -- packages/sojourn/src    the tests whose path holds this
const startedAt = performance.now()
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length)
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('--only='))
const wanted = only?.split(',') ?? (filters.length > 0 ? ['tests'] : [...Object.keys(CHECKS), 'tests'])
const unknown = wanted.filter((name) => name !== 'tests' && !Object.hasOwn(CHECKS, name))
if (unknown.length > 0) {
  console.error(`No stage is called ${unknown.join(', ')}: ${[...Object.keys(CHECKS), 'tests'].join(', ')}.`)
  process.exit(1)
}

const rows = await runAll()
summarize(rows)

async function runAll() {
  const installed = await once('install', ensureInstalled)
  if (installed.failed > 0) return [installed]
  const done = [installed, await once('build', ensureBuilt)]
  done.push(...(await runChecks(Object.keys(CHECKS).filter((name) => wanted.includes(name)))))
  if (!wanted.includes('tests')) return done
  const programs = await findPrograms()
  return [...done, ...programs.rows, await runTests(filters, programs.env)]
}

/** Install and build print a line for each thing they do; the row is their sum. */
async function once(name, work) {
  const begunAt = performance.now()
  const ok = await work()
  return { name, ms: performance.now() - begunAt, passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
}

async function runChecks(names) {
  const waiting = [...names]
  const done = []
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      done.push(await runCheck(name))
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return done
}

async function findPrograms() {
  const env = {}
  const done = []
  for (const requirement of REQUIREMENTS) {
    const { ok, ms, path } = await step(requirement.name, () => ensureRequirement(requirement))
    if (ok) env[requirement.variable] = path
    done.push({ name: requirement.name, ms, passed: ok ? 1 : 0, failed: ok ? 0 : 1 })
  }
  for (const program of OPTIONAL) {
    const path = await find(program)
    if (path === null) console.log(`  none  ${program.name.padEnd(28)} not found; no ${program.reason}`)
    else env[program.variable] = path
  }
  return { env, rows: done }
}

function summarize(table) {
  const sum = (key) => table.reduce((total, row) => total + row[key], 0)
  console.log(
    `\n  ${'stage'.padEnd(12)}${'time'.padStart(8)}${'passed'.padStart(10)}${'failed'.padStart(10)}`,
  )
  for (const { name, ms, passed, failed, skipped = 0 } of table) {
    const cells = `${String(passed).padStart(10)}${String(failed).padStart(10)}`
    console.log(`  ${name.padEnd(12)}${seconds(ms)}${cells}${skipped > 0 ? `   ${skipped} skipped` : ''}`)
  }
  console.log(`  ${'all'.padEnd(12)}${seconds(performance.now() - startedAt)}\n`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') > 0 ? 1 : 0
}
