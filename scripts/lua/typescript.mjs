import { functionName, libraryOf } from './library.mjs'

const HEAD = `// Written by \`npm run gen\` from the files in scripts/. Change those.

export interface Script {
  readonly name: string
  /** Its name in the library. */
  readonly functionName: string
  readonly sha1: string
  /** What it calls, itself or through what it includes. */
  readonly commands: readonly string[]
  readonly source: string
}

interface Library {
  readonly name: string
  /** What its function \`sojourn_version\` answers. */
  readonly version: string
  readonly source: string
}
`

/** The text of scripts.gen.ts. What several scripts share stands there once. */
export function typescript(compiled) {
  const { parts, ...library } = libraryOf(compiled)
  const bodies = [
    ...compiled.includes.map(({ name, body }) => constant(includeName(name), body)),
    ...compiled.scripts.map(({ name, body }) => constant(bodyName(name), body)),
  ]
  return [HEAD, ...bodies, scriptsText(compiled.scripts), libraryText(library, parts, compiled.scripts)].join(
    '\n',
  )
}

function scriptsText(scripts) {
  const entries = scripts.map(({ name, sha1, commands, includes }) => {
    const source = [...includes.map(includeName), bodyName(name)].map((part) => `\${${part}}`).join('')
    return [
      `  ${camel(name)}: {`,
      `    name: '${name}',`,
      `    functionName: '${functionName(name)}',`,
      `    sha1: '${sha1}',`,
      `    commands: [${commands.map((command) => `'${command}'`).join(', ')}],`,
      `    source: \`${source}\`,`,
      '  },',
    ].join('\n')
  })
  return `export const SCRIPTS = {\n${entries.join('\n')}\n} as const satisfies Record<string, Script>\n`
}

function libraryText({ name, version }, parts, scripts) {
  const source = parts.map(({ text, include }) =>
    include ? `\${${includeName(include)}}` : quote(text, scripts),
  )
  const fields = [`name: '${name}'`, `version: '${version}'`, `source: \`${source.join('')}\``]
  return `export const LIBRARY = {\n${fields.map((field) => `  ${field},\n`).join('')}} as const satisfies Library\n`
}

/** A script's body inside a part of the library is named, not printed again. */
function quote(text, scripts) {
  const owner = scripts.find(({ name }) => text.includes(`'${functionName(name)}'`))
  if (owner === undefined) return inTemplate(text)
  const [before, after] = text.split(owner.body)
  return `${inTemplate(before)}\${${bodyName(owner.name)}}${inTemplate(after)}`
}

const constant = (name, body) => `const ${name} = \`${inTemplate(body)}\`\n`
const inTemplate = (text) => text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')
const camel = (name) => name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())
const shout = (name) => name.replaceAll('-', '_').toUpperCase()
const includeName = (name) => `${shout(name)}_PART`
const bodyName = (name) => `${shout(name)}_BODY`
