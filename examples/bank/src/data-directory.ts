import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const KEY_BYTES = 32

/** Makes the directory if it is not there, for this user alone, and proves that it can be written. */
export async function prepareDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  // An older directory may be open to others, and session records are nobody else's business.
  await chmod(path, 0o700)
  const probe = join(path, `.probe-${process.pid}`)
  await (await open(probe, 'wx', 0o600)).close()
  await rm(probe)
}

/**
 * The key that spreads users over the buckets of the store, so that nobody outside can tell from session
 * ids who is who. It is made once and must never change: with another one, nobody's sessions would be found
 * by user. It is no encryption key. With several servers it comes from their secret store, the same for all:
 * here that is the variable BANK_BUCKET_KEY.
 */
export async function bucketKeyIn(directory: string, fromEnvironment?: string): Promise<Uint8Array> {
  if (fromEnvironment !== undefined) return keyOf(fromEnvironment, 'BANK_BUCKET_KEY')
  const path = join(directory, 'bucket.key')
  const key = randomBytes(KEY_BYTES)
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${key.toString('base64url')}\n`, { mode: 0o600, flush: true })
  try {
    // A second name for a finished file: a crash leaves no half key, and of two first starts one wins.
    await link(draft, path)
    return key
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return keyOf(await readFile(path, 'utf8'), path)
  } finally {
    await rm(draft)
  }
}

function keyOf(text: string, where: string): Uint8Array {
  const key = Buffer.from(text.trim(), 'base64url')
  if (key.length === KEY_BYTES) return key
  throw new Error(`${where} must hold ${KEY_BYTES} bytes as base64url text.`)
}
