#!/usr/bin/env node
import { resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { run } from './command.ts'

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())

const { stdout, stderr } = process

// It rejects never: what goes wrong is an exit code.
void run(process.argv.slice(2), {
  print: (line) => stdout.write(stdout.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`),
  complain: (line) => stderr.write(`${line}\n`),
  show: (line) => stdout.isTTY && stdout.write(`\r\u001b[K${line}`),
  load: async (file) => {
    const module: unknown = await import(pathToFileURL(resolve(file)).href)
    return typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : null
  },
  signal: stopping.signal,
}).then((code) => {
  process.exitCode = code
})
