import type { Instant } from '../../core/port.ts'
import type { Stored } from './stored.ts'

/**
 * Every stored record once, the one that is due first at the top: a binary heap in which each record knows
 * its place, so that moving or removing one costs O(log n) and nothing stale stays behind.
 */
export class DueQueue {
  readonly #heap: Stored[] = []

  get first(): Stored | null {
    return this.#heap[0] ?? null
  }

  add(stored: Stored): void {
    this.#heap.push(stored)
    this.#up(stored, this.#heap.length - 1)
  }

  move(stored: Stored, dueAt: Instant): void {
    if (dueAt === stored.dueAt) return
    stored.dueAt = dueAt
    this.#settle(stored, stored.position)
  }

  remove(stored: Stored): void {
    const last = this.#heap.pop()
    if (last === undefined || last === stored) return
    this.#settle(last, stored.position)
  }

  #settle(stored: Stored, position: number): void {
    this.#up(stored, position)
    this.#down(stored, stored.position)
  }

  #up(stored: Stored, from: number): void {
    let position = from
    while (position > 0) {
      const above = (position - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || !isBefore(stored, parent)) break
      this.#place(parent, position)
      position = above
    }
    this.#place(stored, position)
  }

  #down(stored: Stored, from: number): void {
    let position = from
    for (;;) {
      const child = this.#earlierChild(position)
      if (child === null || !isBefore(child, stored)) break
      const below = child.position
      this.#place(child, position)
      position = below
    }
    this.#place(stored, position)
  }

  #earlierChild(position: number): Stored | null {
    const left = this.#heap[2 * position + 1]
    const right = this.#heap[2 * position + 2]
    if (left === undefined) return null
    return right !== undefined && isBefore(right, left) ? right : left
  }

  #place(stored: Stored, position: number): void {
    this.#heap[position] = stored
    stored.position = position
  }
}

function isBefore(a: Stored, b: Stored): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.record.id < b.record.id)
}
