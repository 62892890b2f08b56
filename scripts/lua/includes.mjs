const INCLUDE = /^-- @include (\S+)\s*$/gm

/**
 * The names of what a script includes, each once, in the order in which they need each other. A name without a
 * file and a circle are errors: `from` says who asks.
 */
export function includesOf(script, files) {
  const done = []
  visit(script, [script.name])
  return done

  function visit({ text }, path) {
    for (const [, name] of text.matchAll(INCLUDE)) {
      if (path.includes(name)) throw new Error(`${[...path, name].join(' → ')}: a circle of includes`)
      const file = files.get(name)
      if (file === undefined)
        throw new Error(`${path.at(-1)}.lua includes ${name}, and there is no such file`)
      if (done.includes(name)) continue
      visit(file, [...path, name])
      done.push(name)
    }
  }
}
