import type { SessionId } from '../../core/port.ts'

/** What all reads of one id that are under way share until something happens to it. */
interface Ticket {
  readers: number
  isSpoiled: boolean
}

/** The reads that one call sent, to be handed back when it was answered. */
export interface Flight {
  readonly ids: readonly SessionId[]
  readonly tickets: readonly Ticket[]
}

/**
 * Which reads are under way, and which of them were overtaken: their answer may be older than a write of which
 * we know, so it is good for the caller, who asked before, and not good to keep.
 */
export class ReadsInFlight {
  #tickets = new Map<SessionId, Ticket>()

  depart(ids: readonly SessionId[]): Flight {
    return { ids, tickets: ids.map((id) => this.#board(id)) }
  }

  /** Whether the answer for the id at this place was overtaken by nothing. */
  isSound({ tickets }: Flight, place: number): boolean {
    return tickets[place]?.isSpoiled === false
  }

  land({ ids, tickets }: Flight): void {
    for (const [place, ticket] of tickets.entries()) {
      const id = ids[place] ?? ''
      ticket.readers -= 1
      if (ticket.readers === 0 && this.#tickets.get(id) === ticket) this.#tickets.delete(id)
    }
  }

  /** A read of this id that departs from now on is sound again. */
  spoil(id: SessionId): void {
    const ticket = this.#tickets.get(id)
    if (ticket === undefined) return
    ticket.isSpoiled = true
    this.#tickets.delete(id)
  }

  spoilAll(): void {
    for (const ticket of this.#tickets.values()) ticket.isSpoiled = true
    this.#tickets = new Map()
  }

  #board(id: SessionId): Ticket {
    const ticket = this.#tickets.get(id) ?? { readers: 0, isSpoiled: false }
    ticket.readers += 1
    this.#tickets.set(id, ticket)
    return ticket
  }
}
