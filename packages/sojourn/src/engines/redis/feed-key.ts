/** What concerns the whole store has this for a bucket: one slot, and within the rights to `<prefix>:{*`. */
const BUCKET = '--'

/** The name of a store's stream of events. */
export function feedKey(prefix: string): string {
  return `${prefix}:{${BUCKET}}:events`
}
