import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Activity } from './activity.ts'
import { bindingBytes } from './binding.ts'
import type { StoreContext } from './context.ts'
import { ownContent, ownId, ownRecord } from './own-record.ts'
import type { Instant, SessionId, SessionRecord } from './port.ts'
import { BUCKET_LENGTH, parseToken, type TokenParts } from './token.ts'

/**
 * A foreign id is one that a framework made. It finds its session through a link: a record of the store's own, whose
 * id is a hash of the foreign id, and which holds the session's secret, sealed under a key that only the foreign id
 * gives. So what is stored holds neither a foreign id nor a token that anybody could use (SECURITY T152).
 */
const KEY_LABEL = 'sojourn/foreign/v1\0'
const SEAL_LABEL = 'sojourn/link/v1\0'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Frameworks make ids of any form, so that only their length is held against them (CONTRACTS, part 2, row 39). */
export const FOREIGN_ID_LENGTH = 512
const LINK_TAG_BYTES = 9
/** The `ledAt` of a link whose session was refused. */
export const NOWHERE: Instant = 0

type Keys = Pick<StoreContext<unknown>, 'name' | 'bucketKey'>

/** A foreign id, and what is made of it. */
export interface ForeignKey {
  readonly foreignId: string
  /** The whole hash: unlike the id of the link, nobody can find another foreign id that has it. */
  readonly hash: string
  readonly linkId: SessionId
}

/** What a link says of its session. */
export interface Link {
  readonly id: SessionId
  readonly version: number
  readonly createdAt: Instant
  readonly seenAt: Instant
  /** When somebody must look at it; never before the session's deadline. */
  readonly lookAt: Instant
  /** When it began to lead to this session, which is stored a moment later; `NOWHERE` when it never will be. */
  readonly ledAt: Instant
  /** The session that the foreign id began with; another one means that the id was used again. */
  readonly origin: SessionId
  readonly token: TokenParts
  /** Made by chance, once: who knows the foreign id knows the link's id too, and not this. */
  readonly tag: string
}

/** What a link holds that anybody may read who reads the storage. */
export interface LinkContent {
  readonly label: string
  readonly session: SessionId
  readonly origin: SessionId
  readonly ledAt: Instant
  readonly tag: string
  /** In base64. */
  readonly sealed: string
}

/** The key of a foreign id; null for what cannot be one. */
export function foreignKeyOf({ bucketKey }: Keys, label: string, foreignId: unknown): ForeignKey | null {
  if (typeof foreignId !== 'string' || foreignId === '' || foreignId.length > FOREIGN_ID_LENGTH) return null
  if (!foreignId.isWellFormed()) return null
  const hasher = bucketKey === null ? createHash('sha256') : createHmac('sha256', bucketKey)
  const hash = hasher.update(`${KEY_LABEL}${label}\0${foreignId}`).digest('base64url')
  return { foreignId, hash, linkId: ownId(hash.slice(0, BUCKET_LENGTH), 'link', hash) }
}

/** A session's record, and the token that opens it. */
export interface Made {
  readonly record: SessionRecord
  readonly token: TokenParts
}

/** Where a link leads. */
export type Leads = Pick<Link, 'origin' | 'token' | 'ledAt' | 'lookAt'>

/** What leads to a session, from an instant on. */
export function leadsTo({ record, token }: Made, origin: SessionId, ledAt: Instant): Leads {
  return { origin, token, ledAt, lookAt: lookAtOf(record, record.absoluteAt) }
}

/** A link is looked at long enough after its session's deadline that it need not follow at each use. */
export function lookAtOf({ seenAt, expiresAt }: Activity, absoluteAt: Instant): Instant {
  return Math.max(expiresAt, Math.min(absoluteAt, 2 * expiresAt - seenAt))
}

/** A new link. */
export function linkRecord(keys: Keys, label: string, key: ForeignKey, leads: Leads): SessionRecord {
  const { ledAt: createdAt, lookAt } = leads
  const content = contentOf(keys, label, key, { ...leads, createdAt, tag: newTag() })
  return ownRecord({ kind: 'link', id: key.linkId, userId: null, createdAt, lookAt, content })
}

/** The next version of a link, which leads elsewhere. Of two deadlines a replace keeps the one that was seen later. */
export function movedLink(
  keys: Keys,
  label: string,
  key: ForeignKey,
  move: { link: Link; to: Leads },
): SessionRecord {
  const { createdAt, version, seenAt, tag } = move.link
  const content = contentOf(keys, label, key, { ...move.to, createdAt, tag })
  const record = ownRecord({
    ...({ kind: 'link', id: key.linkId, userId: null } as const),
    ...{ createdAt, lookAt: move.to.lookAt, content },
  })
  return { ...record, version: version + 1, seenAt: Math.max(seenAt + 1, move.to.ledAt) }
}

function contentOf(
  keys: Keys,
  label: string,
  key: ForeignKey,
  link: Leads & Pick<Link, 'createdAt' | 'tag'>,
): LinkContent {
  const { ledAt, origin, token, tag } = link
  const sealed = sealSecret(keys, key, link.createdAt, token.secret).toString('base64')
  return { label, session: token.id, origin, ledAt, tag, sealed }
}

function newTag(): string {
  return randomBytes(LINK_TAG_BYTES).toString('base64url')
}

/** The link that a record holds; null when it is none, has ended, or was sealed for another foreign id. */
export function linkIn(keys: Keys, key: ForeignKey, record: SessionRecord): Link | null {
  const content = linkContentIn(record)
  if (content === null) return null
  const secret = openSecret(keys, key, record.createdAt, Buffer.from(content.sealed, 'base64'))
  const token = secret === null ? null : parseToken(content.session + secret)
  if (token === null) return null
  const { id, version, createdAt, seenAt, expiresAt: lookAt } = record
  const { ledAt, origin, tag } = content
  return { id, version, createdAt, seenAt, lookAt, ledAt, origin, token, tag }
}

/** What a live link's record says to everybody; null for any other record. */
export function linkContentIn(record: SessionRecord): LinkContent | null {
  if (record.ended !== null) return null
  const content = ownContent(record, 'link')
  return isContent(content) ? content : null
}

function isContent(value: unknown): value is LinkContent {
  return (
    typeof value === 'object' &&
    value !== null &&
    isText(value, 'label') &&
    isText(value, 'sealed') &&
    isText(value, 'session') &&
    isText(value, 'origin') &&
    isText(value, 'tag') &&
    Number.isSafeInteger(Reflect.get(value, 'ledAt'))
  )
}

function isText(value: object, name: string): boolean {
  return typeof Reflect.get(value, name) === 'string'
}

function sealSecret(keys: Keys, key: ForeignKey, createdAt: Instant, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, sealingKey(keys, key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(boundTo(keys, key, createdAt))
  const body = Buffer.concat([cipher.update(Buffer.from(secret, 'base64url')), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

function openSecret(keys: Keys, key: ForeignKey, createdAt: Instant, sealed: Uint8Array): string | null {
  if (sealed.byteLength <= NONCE_BYTES + TAG_BYTES) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, sealingKey(keys, key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(boundTo(keys, key, createdAt))
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    const body = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([body, decipher.final()]).toString('base64url')
  } catch {
    return null
  }
}

/** With the bucket key, so that a short foreign id cannot be guessed from what is stored. */
function sealingKey({ bucketKey }: Keys, { foreignId, linkId }: ForeignKey): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', foreignId, bucketKey ?? '', `${SEAL_LABEL}${linkId}`, KEY_BYTES))
}

function boundTo({ name }: Keys, { linkId }: ForeignKey, createdAt: Instant): Uint8Array {
  return bindingBytes({ storeName: name, format: 0, keyId: '', id: linkId, userId: null, createdAt })
}
