import { type JsonObject, jsonCopy } from '../core/foreign-data.ts'

/** What is larger is no session: the old store may hold anything under a key that somebody sends. */
export const TEXT_CEILING_BYTES = 1_048_576

/**
 * The session that a text holds; null for what is none. Only ever parsed as JSON (CONTRACTS 3.0.5); names that would
 * set a prototype, and nesting without an end, are no session either.
 */
export function sessionIn(text: string): JsonObject | null {
  if (Buffer.byteLength(text) > TEXT_CEILING_BYTES) return null
  try {
    return jsonCopy(JSON.parse(text))
  } catch {
    return null
  }
}
