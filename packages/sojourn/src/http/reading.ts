/** What a request holds of one kind of credential. */
export type Reading =
  | { readonly found: 'none' }
  | { readonly found: 'one'; readonly value: string }
  /** Sent more than once, and not the same each time: nobody can say which one is meant. */
  | { readonly found: 'several' }

export const NONE: Reading = { found: 'none' }
export const SEVERAL: Reading = { found: 'several' }
