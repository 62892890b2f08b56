import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { RedisServer } from 'sojourn-servers'

/** A session that the store made, as the server keeps it. */
export interface Template {
  readonly token: string
  readonly userId: string
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ID_LENGTH = 16
const BUCKET_LENGTH = 2
/** As docs/storage/redis.md has the place of a user in an index; compared with what the store wrote. */
const USER_LABEL = 'sojourn/user/v1\0'
const SCORE_HEX_DIGITS = 12
const INDEXES = 4
/** A score with zeros before it, so that all are of one length. */
const SCORE_LENGTH = 15
/** Base-64 digits that count the clones: a billion. */
const COUNTER_DIGITS = 5
/** A factor without a factor of 2, so that neighbours lie in buckets far apart and every bucket gets as many. */
const BUCKET_STEP = 1_531
const BUCKETS = 4_096
const BATCH = 2_000

/** Where in the bytes of a clone the parts are that differ. */
type Places = Readonly<Record<'bucket' | 'rest' | 'userId' | 'score' | 'index', readonly number[]>>

/**
 * Fills a server with copies of one session, each with an id, a user and an entry in an index of its own, many times
 * faster than by logging in. All share the secret of the template. Their tokens follow from their number.
 */
export class Clones {
  readonly #template: Template
  readonly #frame: Buffer
  readonly #places: Places

  static async of(template: Template, server: RedisServer): Promise<Clones> {
    const id = template.token.slice(0, ID_LENGTH)
    const bucket = id.slice(0, BUCKET_LENGTH)
    const score = scoreOf(template.userId)
    const keys = (await server.cli('KEYS', `*{${bucket}}:*`)) ?? []
    const names = Array.isArray(keys) ? keys.map(String) : []
    const record = names.find((name) => name.endsWith(`:s:${id}`))
    const index = names.find((name) => name.endsWith(`:u:${score % INDEXES}`))
    if (record === undefined || index === undefined) {
      throw new Error(`The store names its keys in another way now: ${names.join(', ')}.`)
    }
    const known = await server.cli('ZSCORE', index, id.slice(BUCKET_LENGTH))
    if (Number(known) !== score) throw new Error(`The store gives a user another score now: ${known}.`)
    return new Clones(template, Buffer.concat(await commandsFor(record, index, server, id)))
  }

  constructor(template: Template, frame: Buffer) {
    const id = template.token.slice(0, ID_LENGTH)
    const bucket = id.slice(0, BUCKET_LENGTH)
    this.#template = template
    this.#frame = frame
    this.#places = {
      bucket: [...placesOf(frame, `{${bucket}}`).map((at) => at + 1), ...placesOf(frame, id)],
      rest: placesOf(frame, id.slice(BUCKET_LENGTH)),
      userId: placesOf(frame, template.userId),
      score: placesOf(frame, textOf(scoreOf(template.userId))),
      index: placesOf(frame, '}:u:').map((at) => at + '}:u:'.length),
    }
  }

  tokenOf(index: number): string {
    return this.#idOf(index) + this.#template.token.slice(ID_LENGTH)
  }

  /** @throws Error when the server has not as many keys more */
  async fill(count: number, server: RedisServer): Promise<void> {
    const before = Number(await server.cli('DBSIZE'))
    const socket = connect(server.port, server.host)
    await once(socket, 'connect')
    socket.write('CLIENT REPLY OFF\r\n')
    for (let from = 0; from < count; from += BATCH) {
      const batch = this.#batch(from, Math.min(BATCH, count - from))
      if (!socket.write(batch)) await once(socket, 'drain')
    }
    const answered = once(socket, 'data')
    socket.write('CLIENT REPLY ON\r\n')
    await answered
    socket.destroy()
    const keys = Number(await server.cli('DBSIZE')) - before
    const isRight = keys >= count && keys <= count + BUCKETS * INDEXES
    if (!isRight) throw new Error(`${count} sessions made ${keys} keys.`)
  }

  #batch(from: number, count: number): Buffer {
    const size = this.#frame.byteLength
    const batch = Buffer.allocUnsafe(size * count)
    for (let offset = 0; offset < count; offset += 1) {
      const target = batch.subarray(offset * size, (offset + 1) * size)
      this.#frame.copy(target)
      this.#number(target, from + offset)
    }
    return batch
  }

  #number(target: Buffer, index: number): void {
    const id = this.#idOf(index)
    const userId = `user-${String(index).padStart(this.#template.userId.length - 5, '0')}`
    const score = scoreOf(userId)
    const write = (text: string, places: readonly number[]): void => {
      for (const at of places) target.write(text, at, 'latin1')
    }
    write(id.slice(0, BUCKET_LENGTH), this.#places.bucket)
    write(id.slice(BUCKET_LENGTH), this.#places.rest)
    write(userId, this.#places.userId)
    write(textOf(score), this.#places.score)
    write(String(score % INDEXES), this.#places.index)
  }

  #idOf(index: number): string {
    const bucket = (index * BUCKET_STEP) % BUCKETS
    const rest = this.#template.token.slice(BUCKET_LENGTH + COUNTER_DIGITS, ID_LENGTH)
    return digitsOf(bucket, BUCKET_LENGTH) + digitsOf(index, COUNTER_DIGITS) + rest
  }
}

/** What makes the record and its entry again, as the protocol has it. */
async function commandsFor(
  record: string,
  index: string,
  server: RedisServer,
  id: string,
): Promise<Buffer[]> {
  const ask = async (...args: string[]) => String(await server.cli(...args))
  const rest = id.slice(BUCKET_LENGTH)
  // As text in an encoding that keeps every byte.
  const bytes = Buffer.from(await ask('EVAL', HEX_OF, '1', record), 'hex')
  return [
    commandOf(['SET', record, bytes, 'PXAT', await ask('PEXPIRETIME', record)]),
    commandOf(['ZADD', index, textOf(Number(await ask('ZSCORE', index, rest))), rest]),
    commandOf(['ZADD', index, await ask('ZSCORE', index, 'until'), 'until']),
    commandOf(['PEXPIREAT', index, await ask('PEXPIRETIME', index)]),
  ]
}

const HEX_OF = `return (string.gsub(redis.call('GET', KEYS[1]), '.', function(c)
  return string.format('%02x', string.byte(c)) end))`

function commandOf(args: readonly (string | Buffer)[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = Buffer.from(arg)
    return [Buffer.from(`$${bytes.byteLength}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts])
}

function placesOf(frame: Buffer, text: string): number[] {
  const places: number[] = []
  for (let at = frame.indexOf(text); at >= 0; at = frame.indexOf(text, at + 1)) places.push(at)
  if (places.length === 0) throw new Error('The store writes something else now.')
  return places
}

function scoreOf(userId: string): number {
  const digest = createHash('sha1').update(USER_LABEL).update(userId).digest('hex')
  return Number.parseInt(digest.slice(0, SCORE_HEX_DIGITS), 16)
}

function textOf(score: number): string {
  return String(score).padStart(SCORE_LENGTH, '0')
}

function digitsOf(value: number, length: number): string {
  let digits = ''
  for (let rest = value; digits.length < length; rest = Math.floor(rest / 64)) {
    digits = ALPHABET.charAt(rest % 64) + digits
  }
  return digits
}
