import type { Cents } from '../ledger/money.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How money and time are written in one language. Made once per language and page. */
export interface Format {
  /** `€1,234.50`. Amounts are far below what a number can show to the cent (see `money.ts`). */
  money(amount: Cents): string
  /** The same with a sign also for what came in. */
  change(amount: Cents): string
  day(at: number): string
  moment(at: number): string
  clock(at: number): string
  /** `3 minutes ago`. */
  ago(at: number, now: number): string
}

export function formatIn(locale: string): Format {
  const euros = { style: 'currency', currency: 'EUR' } as const
  const money = new Intl.NumberFormat(locale, euros)
  const change = new Intl.NumberFormat(locale, { ...euros, signDisplay: 'exceptZero' })
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  return {
    money: (amount) => withMinus(money.format(Number(amount) / 100)),
    change: (amount) => withMinus(change.format(Number(amount) / 100)),
    day: (at) => day.format(at),
    moment: (at) => moment.format(at),
    clock: (at) => clock.format(at),
    ago(at, now) {
      const past = at - now
      if (past > -HOUR_MS) return relative.format(Math.round(past / MINUTE_MS), 'minute')
      if (past > -DAY_MS) return relative.format(Math.round(past / HOUR_MS), 'hour')
      return relative.format(Math.round(past / DAY_MS), 'day')
    },
  }
}

/** The real minus sign, as wide as the plus: some languages write a hyphen. */
function withMinus(text: string): string {
  return text.replace('-', '\u2212')
}
