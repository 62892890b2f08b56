import type { Instant, SessionId } from './port.ts'

export interface Binding {
  readonly storeName: string
  readonly format: number
  readonly keyId: string
  readonly id: SessionId
  readonly userId: string | null
  readonly createdAt: Instant
}

/**
 * What sealed bytes are bound to, so that they open nowhere else: store name, format, key id, session id,
 * user id and creation time, each after its length (SECURITY T66). None of it changes in a session's life.
 */
export function bindingBytes(binding: Binding): Uint8Array {
  const { storeName, format, keyId, id, userId, createdAt } = binding
  const parts = [storeName, String(format), keyId, id, userId ?? '', String(createdAt)]
  return Buffer.concat(parts.flatMap(lengthPrefixed))
}

function lengthPrefixed(text: string): [Buffer, Buffer] {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return [length, bytes]
}
