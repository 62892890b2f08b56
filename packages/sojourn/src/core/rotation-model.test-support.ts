import type { Instant } from './port.ts'

const GRACE = 10_000

export type Standing = 'current' | 'alias' | 'reuse' | 'stranger'

/**
 * What SECURITY T42 to T45 say of one session's tokens, in plain words and without any cryptography: one is
 * current, one may be its alias for a grace, and of those before it the last four give an alarm.
 */
export class RotationModel {
  isOver = false
  #current: string
  #alias: { readonly token: string; endsAt: Instant | null } | null = null
  readonly #retired: { readonly token: string; readonly alarmFrom: Instant }[] = []

  constructor(token: string) {
    this.#current = token
  }

  /** Null for a token of so long ago that both answers are right. */
  standingOf(token: string, now: Instant): Standing | null {
    if (this.isOver) return 'stranger'
    if (token === this.#current) return 'current'
    if (token === this.#alias?.token) return this.#isInGrace(now) ? 'alias' : 'reuse'
    const isAliasRetired = this.#alias !== null && !this.#isInGrace(now)
    const last = this.#retired.slice(isAliasRetired ? -3 : -4).find((old) => old.token === token)
    if (last !== undefined) return now >= last.alarmFrom ? 'reuse' : 'stranger'
    return this.#retired.some((old) => old.token === token) ? null : 'stranger'
  }

  /** The token was presented in a read. */
  read(token: string, now: Instant): void {
    if (this.standingOf(token, now) === 'reuse') this.isOver = true
    if (this.standingOf(token, now) !== 'current' || this.#alias === null) return
    if (this.#alias.endsAt === null) this.#alias.endsAt = now + GRACE
  }

  /** The token was presented for a rotation, which issued `issued`. */
  rotate(token: string, issued: string | null, grace: boolean, now: Instant): void {
    const standing = this.standingOf(token, now)
    if (standing === 'reuse') this.isOver = true
    if (issued === null || issued === this.#current) return
    if (this.#alias !== null) this.#retire(this.#alias.token, this.#alias.endsAt ?? now + GRACE)
    this.#alias = grace ? { token: this.#current, endsAt: null } : null
    if (!grace) this.#retire(this.#current, now + GRACE)
    this.#current = issued
  }

  /** What a rotation must issue: a new token, the one successor again, or nothing. */
  expected(token: string, grace: boolean, now: Instant): 'new' | 'nothing' | { readonly token: string } {
    const standing = this.standingOf(token, now)
    if (standing === 'current' || (standing === 'alias' && !grace)) return 'new'
    return standing === 'alias' ? { token: this.#current } : 'nothing'
  }

  #isInGrace(now: Instant): boolean {
    return this.#alias !== null && (this.#alias.endsAt === null || now < this.#alias.endsAt)
  }

  #retire(token: string, alarmFrom: Instant): void {
    this.#retired.push({ token, alarmFrom })
  }
}
