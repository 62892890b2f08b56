#!/usr/bin/env node
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { run } from './command.ts'

const output = {
  print: (line: string) => process.stdout.write(`${line}\n`),
  complain: (line: string) => process.stderr.write(`${line}\n`),
}

// It rejects never: what goes wrong is an exit code.
void run(process.argv.slice(2), { ...output, input: () => text(process.stdin), now: Date.now }).then(
  (code) => {
    process.exitCode = code
  },
)
