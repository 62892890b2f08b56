import { strip, withoutStrings } from './strip.mjs'

const TOP_FUNCTION = /^local function (\w+)[\s\S]*?^end$/gm
const TOP_NAME = /^local (?:function )?([\w, ]+)/gm
const CALL = /\bredis\.p?call\b(?:\s*\(\s*(['"])(\w+)\1\s*[,)])?/g

/** The top-level names of an include. */
export function namesOf({ text }) {
  return [...strip(text).matchAll(TOP_NAME)].flatMap(([, names]) =>
    names.split(',').map((name) => name.trim()),
  )
}

/**
 * The commands that a script can call, itself or through the functions of its includes, in order. A command
 * that is computed is an error: the rights that the scripts need are derived from these names.
 */
export function commandsOf(script, includes) {
  const functions = new Map(includes.flatMap(({ text }) => functionsOf(strip(text))))
  const seen = new Set()
  const commands = new Set()
  visit(script.name, strip(script.text))
  return [...commands].sort()

  function visit(name, code) {
    for (const [, , command] of code.matchAll(CALL)) {
      if (command === undefined) throw new Error(`${name} calls a command that is not written out`)
      commands.add(command.toUpperCase())
    }
    for (const [word] of withoutStrings(code).matchAll(/\b\w+\b/g)) {
      if (!functions.has(word) || seen.has(word)) continue
      seen.add(word)
      visit(word, functions.get(word))
    }
  }
}

function functionsOf(code) {
  return [...code.matchAll(TOP_FUNCTION)].map(([text, name]) => [name, text])
}
