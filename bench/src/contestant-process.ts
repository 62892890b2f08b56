import { mkdirSync } from 'node:fs'
import type { Contestant } from './contestants/contestant.ts'
import { CONTESTANTS, type ContestantName } from './contestants/contestants.ts'
import { runSlice, type Sample, type SliceOrder } from './slice.ts'

/** What the parent asks for, in this order: fill, then slices, then nothing more. */
export type Request = { readonly fill: number } | { readonly slice: SliceOrder }
export type Answer = { readonly sample: Sample | null } | { readonly error: string }

/** One contestant in a process of its own, so that its memory, threads and garbage are nobody else's. */
export async function serveContestant(name: ContestantName, folder: string): Promise<void> {
  mkdirSync(folder, { mode: 0o700 })
  const contestant = await CONTESTANTS[name].open(folder)
  process.on('message', (request: Request) => {
    serve(contestant, request).then(
      (sample) => send({ sample }),
      (error: unknown) => send({ error: error instanceof Error ? String(error.stack) : String(error) }),
    )
  })
  process.on('disconnect', () => {
    // Some stores keep a timer that nobody can stop.
    contestant.close().finally(() => process.exit())
  })
  send({ sample: null })
}

async function serve(contestant: Contestant, request: Request): Promise<Sample | null> {
  if ('slice' in request) return runSlice(contestant, request.slice)
  await contestant.fill(request.fill)
  return null
}

function send(answer: Answer): void {
  process.send?.(answer)
}
