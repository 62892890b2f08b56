import { functionSuffix, libraryOf } from './library.mjs'

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
  /** With a digest of the source: a server may hold those of several releases. */
  readonly name: string
  readonly source: string
}
`

/** The text of scripts.gen.ts. What several scripts share stands there once. */
export function typescript(compiled) {
  const { name: libraryName, parts } = libraryOf(compiled)
  const bodies = [
    ...compiled.includes.map(({ name, body }) => constant(includeName(name), body)),
    ...compiled.scripts.map(({ name, body }) => constant(bodyName(name), body)),
  ]
  return [
    HEAD,
    `const LIBRARY_NAME = '${libraryName}'\n`,
    ...bodies,
    scriptsText(compiled.scripts),
    libraryText(parts),
  ].join('\n')
}

function scriptsText(scripts) {
  const entries = scripts.map(({ name, sha1, commands, includes }) => {
    const source = [...includes.map(includeName), bodyName(name)].map((part) => `\${${part}}`).join('')
    return [
      `  ${camel(name)}: {`,
      `    name: '${name}',`,
      `    functionName: \`\${LIBRARY_NAME}${functionSuffix(name)}\`,`,
      `    sha1: '${sha1}',`,
      `    commands: [${commands.map((command) => `'${command}'`).join(', ')}],`,
      `    source: \`${source}\`,`,
      '  },',
    ].join('\n')
  })
  return `export const SCRIPTS = {\n${entries.join('\n')}\n} as const satisfies Record<string, Script>\n`
}

function libraryText(parts) {
  const source = parts.map(partText).join('')
  return `export const LIBRARY = {\n  name: LIBRARY_NAME,\n  source: \`${source}\`,\n} as const satisfies Library\n`
}

/** What has a name is named, not printed again. */
function partText({ text, include, isName, script }) {
  if (isName) return `\${LIBRARY_NAME}`
  if (include) return `\${${includeName(include)}}`
  return script ? `\${${bodyName(script)}}` : inTemplate(text)
}

const constant = (name, body) => `const ${name} = \`${inTemplate(body)}\`\n`
const inTemplate = (text) => text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')
const camel = (name) => name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase())
const shout = (name) => name.replaceAll('-', '_').toUpperCase()
const includeName = (name) => `${shout(name)}_PART`
const bodyName = (name) => `${shout(name)}_BODY`
