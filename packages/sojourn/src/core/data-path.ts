const STEPS_SHOWN = 40
const STEP_LENGTH = 40
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/

/**
 * Where a value lies in the data, such as `data.cart[2]`. Names are cut and quoted, so that nothing in them
 * can pass for another path or start a line of a log (SECURITY T146).
 */
export function pathText(steps: readonly PropertyKey[]): string {
  return `data${steps.slice(0, STEPS_SHOWN).map(stepText).join('')}`
}

function stepText(step: PropertyKey): string {
  if (typeof step === 'number') return `[${step}]`
  const name = String(step).slice(0, STEP_LENGTH)
  return IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
