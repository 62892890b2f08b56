import { createHash } from 'node:crypto'

/** Commands that change nothing. A function of these alone may run where nothing may be written. */
const READS = [
  ...['CLUSTER', 'EXISTS', 'GET', 'GETRANGE', 'INFO', 'MGET', 'SCAN', 'STRLEN'],
  ...['ZCARD', 'ZRANGE', 'ZRANGEBYSCORE', 'ZSCORE'],
]

/**
 * These go on without memory: as scripts, they write nothing first that takes more. A function is asked before it
 * runs, and says so by a flag. A log-out must not fail because a server is full.
 */
const REGARDLESS_OF_MEMORY = ['end', 'end-user', 'lease', 'settle', 'touch']

/**
 * The same scripts as one library for servers with functions, in parts: a shared part by its name in `include`,
 * the library's name as `isName`, or text. `version` stands for the whole text and is part of every name, so that
 * the libraries of two releases lie on a server side by side.
 */
export function libraryOf({ scripts, includes }) {
  const parts = [
    { text: '#!lua name=' },
    { isName: true },
    { text: '\n' },
    ...includes.map(({ name }) => ({ include: name })),
    ...scripts.flatMap(registration),
  ]
  const bodies = new Map(includes.map(({ name, body }) => [name, body]))
  const textWith = (library) =>
    parts.map(({ text, include, isName }) => (isName ? library : (text ?? bodies.get(include)))).join('')
  const version = createHash('sha256').update(textWith('sojourn')).digest('hex').slice(0, 12)
  const name = `sojourn_${version}`
  return { name, parts, source: textWith(name) }
}

/** What a function's name has after the library's. */
export function functionSuffix(name) {
  return `_${name.replaceAll('-', '_')}`
}

function registration(script) {
  const { name, body } = script
  return [
    { text: "redis.register_function{ function_name = '" },
    { isName: true },
    { text: `${functionSuffix(name)}'${flagsOf(script)}, callback = function(KEYS, ARGV)\n` },
    { text: body, script: name },
    { text: 'end }\n' },
  ]
}

function flagsOf({ name, commands }) {
  if (commands.every((command) => READS.includes(command))) return ", flags = { 'no-writes' }"
  return REGARDLESS_OF_MEMORY.includes(name) ? ", flags = { 'allow-oom' }" : ''
}
