import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import type { LANGUAGES, Language } from '../language/languages.ts'
import type { Account, Transaction } from '../ledger/books.ts'
import type { Payee } from '../ledger/payees.ts'
import type { THEMES, TransferDraft } from '../session/bank-session.ts'
import type { PageContext } from './page.ts'

/** Something that was viewed, as the accounts page shows it. */
export interface RecentItem {
  readonly kind: 'account' | 'transaction'
  readonly id: string
  readonly name: string
  readonly amountCents: bigint
}

/** A device in the list of devices. Texts, ready to be shown. */
export interface DeviceItem {
  readonly id: string
  readonly label: string
  readonly current: boolean
  readonly since: string
  readonly seen: string
}

/** A session that ended, in the list of past sessions. Texts, ready to be shown. */
export interface PastItem {
  readonly label: string
  readonly reason: string
  readonly began: string
  readonly ended: string
  /** What was left in it; empty when there was nothing. */
  readonly left: readonly string[]
}

/** The unfinished transfer of a session that ended, offered on the accounts page. */
export interface DraftOffer {
  readonly session: string
  readonly text: string
}

/** What the person wrote, shown again when something about it is not right. */
interface Typed {
  readonly problem: string | null
}

/** The templates in `views/`, each with what it shows. */
export interface Views {
  'log-in': Typed & {
    readonly name: string
    readonly ended: string | null
    readonly languages: typeof LANGUAGES
    readonly names: Readonly<Record<Language, string>>
    readonly themes: typeof THEMES
  }
  accounts: {
    readonly accounts: readonly Account[]
    readonly totalCents: bigint
    readonly recent: readonly RecentItem[]
    readonly draft: { readonly to: { readonly name: string } } | null
    readonly offer: DraftOffer | null
  }
  account: { readonly account: Account; readonly transactions: readonly Transaction[] }
  transaction: { readonly account: Account; readonly transaction: Transaction }
  'transfer-to': Typed & {
    readonly payees: readonly Payee[]
    readonly chosen: string
    readonly name: string
    readonly iban: string
    readonly field: string
  }
  'transfer-amount': Typed & {
    readonly draft: TransferDraft
    readonly accounts: readonly Account[]
    readonly from: string
    readonly amount: string
    readonly note: string
    readonly field: string
  }
  'transfer-review': Typed & {
    readonly draft: TransferDraft
    readonly amountCents: bigint
    readonly from: Account
    /** What is shown, so that exactly this is confirmed. */
    readonly seen: string
    readonly passwordAbove: bigint | null
  }
  'transfer-done': { readonly transaction: Transaction }
  devices: { readonly devices: readonly DeviceItem[]; readonly passwordFirst: boolean }
  past: {
    readonly sessions: readonly PastItem[]
    /** Where the next page begins; null on the last one. */
    readonly older: string | null
    readonly isFirst: boolean
    readonly problem: string | null
  }
  identity: Typed
  settings: {
    readonly languages: typeof LANGUAGES
    readonly names: Readonly<Record<Language, string>>
    readonly themes: typeof THEMES
  }
  error: { readonly text: string }
}

export type ViewName = keyof Views

const eta = new Eta({ views: fileURLToPath(new URL('../../views', import.meta.url)), cache: true })

/** A whole page. Eta escapes every value that a template prints; only other templates are inserted raw. */
export function renderView<Name extends ViewName>(
  name: Name,
  context: PageContext,
  data: Views[Name],
): string {
  return eta.render(`./${name}`, { ...context, ...data })
}
