import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { commandsOf, namesOf } from './functions.mjs'
import { problemsOf } from './header.mjs'
import { includesOf } from './includes.mjs'
import { strip } from './strip.mjs'

/**
 * Reads a folder of scripts and its `includes`. Throws with every problem that it finds, one a line, so that
 * nothing is written from a folder with a wrong header.
 */
export function readScripts(folder) {
  const files = new Map(read(join(folder, 'includes')).map((file) => [file.name, file]))
  const scripts = read(folder)
  const problems = [
    ...scripts.flatMap((script) => problemsOf(script).map((problem) => `${script.name}.lua: ${problem}`)),
    ...[...files.values()].flatMap(includeProblems),
    ...sharedNames([...files.values()]),
  ]
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return { scripts: scripts.map((script) => compile(script, files)), includes: ordered(scripts, files) }
}

function compile(script, files) {
  const names = includesOf(script, files)
  const includes = names.map((name) => files.get(name))
  const body = strip(script.text)
  const source = [...includes.map(({ text }) => strip(text)), body].join('')
  const sha1 = createHash('sha1').update(source).digest('hex')
  return { name: script.name, includes: names, body, source, sha1, commands: commandsOf(script, includes) }
}

/** Everything that some script includes, each once, so that what is needed stands before who needs it. */
function ordered(scripts, files) {
  const names = new Set(scripts.flatMap((script) => includesOf(script, files)))
  const idle = [...files.keys()].filter((name) => !names.has(name))
  if (idle.length > 0) throw new Error(`No script includes ${idle.join(', ')}.`)
  return [...names].map((name) => ({ name, body: strip(files.get(name).text) }))
}

function includeProblems({ name, text }) {
  const problems = /\b(KEYS|ARGV)\b/.test(strip(text))
    ? ['takes KEYS and ARGV as arguments of its functions']
    : []
  if (!text.startsWith(`-- ${name}.lua: `)) problems.push(`opens with "-- ${name}.lua: <what it holds>"`)
  return problems.map((problem) => `includes/${name}.lua: an include ${problem}`)
}

/** In the library all includes stand together: one name is one thing. */
function sharedNames(files) {
  const owners = files.flatMap((file) => namesOf(file).map((name) => ({ name, file: file.name })))
  const twice = owners.filter(({ name }, place) => owners.findIndex((other) => other.name === name) < place)
  return twice.map(
    ({ name, file }) => `includes/${file}.lua: ${name} has a meaning in another include already`,
  )
}

function read(folder) {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.lua'))
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
    return { name: basename(name, '.lua'), text }
  })
}
