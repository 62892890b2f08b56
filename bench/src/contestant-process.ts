import { mkdirSync } from 'node:fs'
import { serveParent } from './child.ts'
import { CONTESTANTS, type ContestantName } from './contestants/contestants.ts'
import { runSlice, type Sample, type SliceOrder } from './slice.ts'

/** What the parent asks for, in this order: fill, then slices, then nothing more. */
export type Request = { readonly fill: number } | { readonly slice: SliceOrder }

/** One contestant in a process of its own, so that its memory, threads and garbage are nobody else's. */
export async function serveContestant(name: ContestantName, folder: string): Promise<void> {
  mkdirSync(folder, { mode: 0o700 })
  const contestant = await CONTESTANTS[name].open(folder)
  const carryOut = async (request: Request): Promise<Sample | null> => {
    if ('slice' in request) return runSlice(contestant, request.slice)
    await contestant.fill(request.fill)
    return null
  }
  serveParent(carryOut, () => contestant.close())
}
