/** Money is a whole number of cents, as a bigint: no sum of prices is ever off by a rounding error. */
export type Cents = bigint

/** Above this a transfer is refused. It also keeps every sum far below what a number can show exactly. */
const LARGEST_AMOUNT: Cents = 100_000_000n

/** Digits, then perhaps a point or a comma with one or two digits. */
const AMOUNT = /^([0-9]{1,7})(?:[.,]([0-9]{1,2}))?$/

/**
 * The amount that a person typed; null when it is none, zero or too large. Point and comma both separate the
 * cents. A separator of thousands is refused and not guessed: `1.234` means two things in two languages.
 */
export function parseAmount(text: string): Cents | null {
  const [, euros = '', cents = ''] = AMOUNT.exec(text.trim().replace(/\s*€$|^€\s*/, '')) ?? []
  if (euros === '') return null
  const amount = BigInt(euros) * 100n + BigInt(cents.padEnd(2, '0'))
  return amount > 0n && amount <= LARGEST_AMOUNT ? amount : null
}

/** The amount as a person would type it, to fill a form with: `1234.50`. */
export function typedAmount(amount: Cents, separator: '.' | ','): string {
  return `${amount / 100n}${separator}${String(amount % 100n).padStart(2, '0')}`
}
