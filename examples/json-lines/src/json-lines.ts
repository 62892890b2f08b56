import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveFunction, EndedSession } from 'sojourn'

const NAME = /^ended-(\d{6})\.jsonl$/
/** Sessions are personal data: nobody else on the machine reads them, and no link leads elsewhere. */
const OWN_DIRECTORY = 0o700
const OWN_FILE = 0o600
const NEW_ENTRY = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW

export interface JsonLinesOptions {
  readonly directory: string
  /** A file that has reached this size is left as it is, and a new one begun. 64 MiB. */
  readonly maxBytes?: number
}

/**
 * A destination for `archiveTo`: one line of JSON for each session that ended, in numbered files. It resolves when
 * the lines are on disk. A crash may leave a line twice, or the beginning of one: a reader takes each id once, and
 * skips what is no JSON. One process to a directory.
 */
export async function jsonLines({
  directory,
  maxBytes = 64 * 2 ** 20,
}: JsonLinesOptions): Promise<ArchiveFunction> {
  await mkdir(directory, { recursive: true, mode: OWN_DIRECTORY })
  return async function jsonLinesFile(batch) {
    const file = await lastFile(directory, maxBytes)
    try {
      await file.appendFile(`${await missingBreak(file)}${batch.map(lineOf).join('')}`)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

/** `json` is the data as text already: it goes in as it is, and `dataFromJson` reads it back. */
function lineOf({ data: _data, json, ...about }: EndedSession): string {
  return `${JSON.stringify({ ...about, json })}\n`
}

/** The file with the highest number, or a new one when that is full. */
async function lastFile(directory: string, maxBytes: number): Promise<FileHandle> {
  const numbers = (await readdir(directory)).map((name) => Number(NAME.exec(name)?.[1] ?? 0))
  const last = Math.max(0, ...numbers)
  if (last > 0) {
    const file = await open(pathOf(directory, last), APPEND)
    if ((await file.stat()).size < maxBytes) return file
    await file.close()
  }
  const path = pathOf(directory, last + 1)
  await (await open(path, NEW_ENTRY, OWN_FILE)).close()
  await syncDirectory(directory)
  return open(path, APPEND)
}

/** Without it a power cut may take a new file away with all its lines. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A crash in the middle of a line must not spoil the next one. */
async function missingBreak(file: FileHandle): Promise<string> {
  const { size } = await file.stat()
  if (size === 0) return ''
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer.toString() === '\n' ? '' : '\n'
}

function pathOf(directory: string, number: number): string {
  return join(directory, `ended-${String(number).padStart(6, '0')}.jsonl`)
}
