/** ISO 13616: two letters, two check digits, 11 to 30 letters and digits. */
const IBAN = /^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/

/**
 * An IBAN without its spaces, in capitals; null when its check digits are wrong, which catches any single
 * mistyped character. The accounts of the demonstration begin with `XH`, which is no country.
 */
export function parseIban(text: string): string | null {
  const iban = text.replace(/\s+/g, '').toUpperCase()
  return IBAN.test(iban) && remainder(iban) === 1n ? iban : null
}

/** In groups of four, as people read it. */
export function groupedIban(iban: string): string {
  return iban.replace(/(.{4})(?=.)/g, '$1 ')
}

/** The whole number modulo 97, with the first four characters moved to the end and A = 10 … Z = 35. */
function remainder(iban: string): bigint {
  const digits = [...`${iban.slice(4)}${iban.slice(0, 4)}`].map((character) => Number.parseInt(character, 36))
  return BigInt(digits.join('')) % 97n
}
