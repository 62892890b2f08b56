// Writes scripts.gen.ts from the Lua of the Redis engine. With --check it only compares.
//   node scripts/gen-lua.mjs [--check] [folder of the .lua files]
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readScripts } from './lua/scripts.mjs'
import { typescript } from './lua/typescript.mjs'

const REDIS = fileURLToPath(new URL('../packages/sojourn/src/engines/redis/scripts', import.meta.url))
const folder = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? REDIS
const target = `${folder}.gen.ts`

try {
  const text = typescript(readScripts(folder))
  const current = existsSync(target) ? readFileSync(target, 'utf8') : ''
  if (current !== text && process.argv.includes('--check')) {
    throw new Error('scripts.gen.ts is not what the .lua files say. Run `npm run gen` and commit the file.')
  }
  if (current !== text) writeFileSync(target, text)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
