import type { Activity } from './activity.ts'
import { endRecord } from './ending.ts'
import { jsonCopy } from './foreign-data.ts'
import type { ForeignKey } from './foreign-link.ts'
import type { Target } from './foreign-links.ts'
import type { Fetched, ForeignOld, Offer, OldParts, OldSide } from './foreign-old.ts'
import { ForeignValues } from './foreign-values.ts'
import { fieldsIn } from './foreign-write.ts'
import type { ForeignWriter } from './foreign-writer.ts'
import { printOf } from './old-store.ts'
import type { Instant, Milliseconds, SessionRecord } from './port.ts'

/** Writes of ours that may reach the old store late, and are still known as ours then. */
const REMEMBERED = 64
const ATTEMPTS = 4
/** Old stores count in seconds, and by a clock of their own. */
const ROUNDING_MS: Milliseconds = 2_000

/** What was last seen of an old key. */
interface Note {
  /** Of what was fetched from it, and of what was written to it since. */
  readonly prints: readonly string[]
  /** Until when it is there, unless somebody removes it; 0 when it may not be there yet. */
  readonly until: Instant
}

/**
 * Keeps this store and an old one in step, while processes over both are running: what one of them writes the other
 * one sees, and who logs out here or there is logged out. Of two that write one session at once the old one wins.
 */
export class ForeignMirror<Data> implements OldSide {
  readonly #old: ForeignOld<Data>
  readonly #parts: OldParts<Data>
  readonly #writer: ForeignWriter<Data>
  readonly #notes: ForeignValues

  constructor(old: ForeignOld<Data>, parts: OldParts<Data>, writer: ForeignWriter<Data>, label: string) {
    this.#old = old
    this.#parts = parts
    this.#writer = writer
    // No label of an application has a space in it.
    this.#notes = new ForeignValues(parts.shared.context, `${label} old`)
  }

  async resolve(key: ForeignKey, target: Target): Promise<Target> {
    if (this.#old.mayFetch(target)) return (await this.#fetched(key)).target
    const offer = await this.#old.offerOf(key)
    if (offer === 'unreadable') return target
    if (target.state === 'live') return this.#compared(key, target, offer)
    if (target.state === 'dead' && offer !== null) return this.#afterEnd(key, target, offer)
    return target
  }

  fetch(key: ForeignKey): Promise<Fetched> {
    return this.#fetched(key)
  }

  examine(key: ForeignKey) {
    return this.#old.examine(key)
  }

  /** Who is logged out here must be logged out there: if that fails, the caller hears of it. */
  async ended(key: ForeignKey): Promise<void> {
    await this.#old.clear(key)
  }

  /** Of several that write at once whoever is last writes what all of them came to. */
  async wrote(key: ForeignKey, { use }: { readonly use: Activity }): Promise<void> {
    const { links } = this.#parts
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const target = await links.target(key)
      if (target.state !== 'live') return this.#old.clear(key)
      const { id, version, expiresAt, absoluteAt } = target.record
      await this.#write(key, target.record, Math.max(expiresAt, Math.min(use.expiresAt, absoluteAt)))
      const after = await links.target(key)
      if (after.state === 'live' && after.record.id === id && after.record.version === version) return
    }
  }

  /** The note comes first, so that nobody takes what is being fetched for something newer. */
  async #fetched(key: ForeignKey): Promise<Fetched> {
    const offer = await this.#old.offerOf(key)
    if (offer !== null && offer !== 'unreadable') await this.#noteOffer(key, offer)
    return this.#old.fetch(key)
  }

  async #compared(key: ForeignKey, target: Target & { state: 'live' }, offer: Offer | null): Promise<Target> {
    const { prints, until } = await this.#noteOf(key)
    if (offer === null) return this.#vanished(target, until)
    if (prints.includes(offer.old.print)) return target
    const { data, use } = this.#old.contentOf(offer)
    await this.#writer.write({ key, data: jsonCopy(data), use, view: null })
    await this.#noteOffer(key, offer)
    return this.#parts.links.target(key)
  }

  /** Before its time only a log-out removes a key; after that it may have left by itself. */
  async #vanished(target: Target & { state: 'live' }, until: Instant): Promise<Target> {
    const { context } = this.#parts.shared
    if (context.clock.now() >= until - ROUNDING_MS) return target
    await endRecord(context, target.record, 'logout')
    const { link, record } = target
    return { state: 'dead', link, record }
  }

  /** A session that merely expired here may have been used there. Any other end is final, and holds there too. */
  async #afterEnd(key: ForeignKey, target: Target & { state: 'dead' }, offer: Offer): Promise<Target> {
    const { birth } = this.#parts
    if (!this.#isIdle(target.record)) {
      await this.#old.clear(key)
      return target
    }
    await this.#noteOffer(key, offer)
    const born = await birth.beginAgain(key, target.link, this.#old.contentOf(offer))
    return born === null ? this.#parts.links.target(key) : { state: 'live', ...born }
  }

  #isIdle(record: SessionRecord | null): boolean {
    const { records, clock } = this.#parts.shared.context
    if (record === null || records.isCutOff(record) || record.absoluteAt <= clock.now()) return false
    return record.ended === null || record.ended.reason === 'idle'
  }

  async #write(key: ForeignKey, record: SessionRecord, expiresAt: Instant): Promise<void> {
    const { shared, source } = this.#parts
    const left = expiresAt - shared.context.clock.now()
    if (left <= 0) return
    const text = await this.#textOf(key, { ...record, expiresAt })
    // Before it is there, so that nobody takes it for somebody else's.
    await this.#note(key, ({ prints, until }) => ({ prints: [printOf(text), ...prints], until }), expiresAt)
    await this.#old.asked(() => source.store.write(key.foreignId, text, left))
    await this.#note(key, ({ prints }) => ({ prints, until: expiresAt }), expiresAt)
  }

  async #textOf({ foreignId }: ForeignKey, { data, ...times }: SessionRecord): Promise<string> {
    const { shared, source } = this.#parts
    const { draft } = await shared.context.codec.draft(data)
    const activity: Activity = { seenAt: times.seenAt, expiresAt: times.expiresAt }
    return source.store.encode(jsonCopy(source.form.restore(foreignId, fieldsIn(draft), activity)))
  }

  #noteOffer(key: ForeignKey, { old }: Offer): Promise<void> {
    const until = old.expiresAt ?? 0
    return this.#note(key, () => ({ prints: [old.print], until }), until)
  }

  async #noteOf({ foreignId }: ForeignKey): Promise<Note> {
    return noteIn((await this.#notes.read(foreignId))?.text ?? null)
  }

  async #note({ foreignId }: ForeignKey, change: (note: Note) => Note, expiresAt: Instant): Promise<void> {
    const { clock, policy } = this.#parts.shared.context
    const needed = Math.max(expiresAt, clock.now() + policy.lifetime.idle) + ROUNDING_MS
    await this.#notes.change(foreignId, (current) => {
      const { prints, until } = change(noteIn(current?.text ?? null))
      const text = JSON.stringify({ prints: prints.slice(0, REMEMBERED), until })
      return { text, expiresAt: Math.max(needed, current?.expiresAt ?? 0) }
    })
  }
}

function noteIn(text: string | null): Note {
  const note: unknown = text === null ? null : JSON.parse(text)
  if (typeof note !== 'object' || note === null) return { prints: [], until: 0 }
  const [prints, until]: unknown[] = [Reflect.get(note, 'prints'), Reflect.get(note, 'until')]
  const texts = Array.isArray(prints) ? prints.filter((print) => typeof print === 'string') : []
  return { prints: texts, until: typeof until === 'number' ? until : 0 }
}
