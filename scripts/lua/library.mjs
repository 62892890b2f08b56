import { createHash } from 'node:crypto'

/** Commands that change nothing. A function of these alone may run where nothing may be written. */
const READS = ['EXISTS', 'GET', 'GETRANGE', 'MGET', 'STRLEN', 'ZCARD', 'ZRANGE', 'ZRANGEBYSCORE', 'ZSCORE']

/**
 * The same scripts as one library for servers with functions, in parts: a shared part by its name in `include`,
 * or text. `version` stands for the whole text, so a server with other code is noticed.
 */
export function libraryOf({ scripts, includes }) {
  const parts = [
    { text: '#!lua name=sojourn\n' },
    ...includes.map(({ name }) => ({ include: name })),
    ...scripts.flatMap((script) => registration(script)),
  ]
  const bodies = new Map(includes.map(({ name, body }) => [name, body]))
  const source = parts.map(({ text, include }) => text ?? bodies.get(include)).join('')
  const version = createHash('sha256').update(source).digest('hex').slice(0, 12)
  const last = { text: register('sojourn_version', `return '${version}'\n`, true) }
  return { name: 'sojourn', version, parts: [...parts, last], source: source + last.text }
}

export function functionName(name) {
  return `sojourn_${name.replaceAll('-', '_')}`
}

function registration({ name, body, commands }) {
  const readsOnly = commands.every((command) => READS.includes(command))
  return [{ text: register(functionName(name), body, readsOnly) }]
}

function register(name, body, readsOnly) {
  const flags = readsOnly ? ", flags = { 'no-writes' }" : ''
  return `redis.register_function{ function_name = '${name}'${flags}, callback = function(KEYS, ARGV)\n${body}end }\n`
}
