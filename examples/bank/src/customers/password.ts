import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * scrypt with N = 2^15, r = 8, p = 3: one of the settings that OWASP's Password Storage Cheat Sheet gives as
 * equal in cost. It takes 32 MiB and a fifth of a second. Node runs four at a time, on threads of its own, so
 * a crowd at the log-in page waits in line and never stops the other pages.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 }
const HASH_BYTES = 32
/** Longer input is no password of ours, and hashing it would only cost time. */
const LONGEST_PASSWORD = 256

/** What is kept of a password. Both parts are base64url text. */
export interface PasswordHash {
  readonly salt: string
  readonly hash: string
}

/** Hashed instead when there is no such customer. No password matches: nobody knows what would give this. */
const NOBODY: PasswordHash = {
  salt: randomBytes(16).toString('base64url'),
  hash: randomBytes(HASH_BYTES).toString('base64url'),
}

/**
 * Whether `password` is the one behind `known`. With null it takes the same time and says no, so that the
 * time of an answer does not tell which customers exist.
 */
export async function verifyPassword(password: string, known: PasswordHash | null): Promise<boolean> {
  const { salt, hash } = known ?? NOBODY
  const expected = Buffer.from(hash, 'base64url')
  const actual = await hashOf(password.slice(0, LONGEST_PASSWORD), Buffer.from(salt, 'base64url'))
  return timingSafeEqual(actual, expected) && password.length <= LONGEST_PASSWORD
}

function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // People type the same letter as one character or as two; NFKC makes them equal (NIST SP 800-63B-4).
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, COST, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    )
  })
}
