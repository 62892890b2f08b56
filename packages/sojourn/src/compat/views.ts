import { ForeignView } from '../core/foreign-view.ts'

/** What is known of the sessions that a framework works with, by the object that it knows each by. */
export class Views {
  readonly #views = new WeakMap<object, ForeignView>()

  note(key: object, view: ForeignView): void {
    this.#views.set(key, view)
  }

  /** Null for an object that nothing is known of. */
  find(key: object): ForeignView | null {
    return this.#views.get(key) ?? null
  }

  /** Who has read nothing starts with nothing, and knows from then on what he wrote. */
  of(key: object): ForeignView {
    const view = this.#views.get(key) ?? new ForeignView()
    this.#views.set(key, view)
    return view
  }
}
