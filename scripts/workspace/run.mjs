import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs a command to its end, in the root of the workspace. Never rejects: `ok` is whether it exited with 0,
 * `output` is what it printed. With `print` its output goes straight to the terminal.
 */
export function run([command, ...args], { env = {}, print = false } = {}) {
  const stdio = print ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe']
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio })
    const chunks = []
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }))
  })
}

/** The command line of npm itself: the one that started us, where there is one. */
export function npm(...args) {
  const path = process.env.npm_execpath ?? ''
  return basename(path) === 'npm-cli.js' ? [process.execPath, path, ...args] : ['npm', ...args]
}

/** The command line of a tool that an installed package brings; no shell and no search on PATH. */
export function tool(packageName, bin, ...args) {
  const folder = join(ROOT, 'node_modules', packageName)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return [process.execPath, join(folder, manifest.bin[bin]), ...args]
}

/** Does `work`, prints one line with its name and time, and what it printed when it failed. */
export async function step(name, work) {
  const startedAt = performance.now()
  const result = await work()
  const ms = performance.now() - startedAt
  console.log(`${result.ok ? '  ok  ' : '  FAIL'}  ${name.padEnd(28)} ${seconds(ms)}`)
  if (!result.ok && result.output) console.log(`\n${result.output.trim()}\n`)
  return { name, ms, ...result }
}

export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`.padStart(8)
}
