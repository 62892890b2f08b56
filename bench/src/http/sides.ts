import { FRAMEWORKS, type FrameworkName } from './frameworks.ts'

/** What a framework is measured with: nothing, sojourn over an engine that lies in the process, and its own habit. */
export const SIDES = ['bare', 'memory', 'lmdb', 'peer'] as const
export type Side = (typeof SIDES)[number]
/** Those with sojourn. */
export const ENGINE_SIDES = ['memory', 'lmdb'] as const satisfies readonly Side[]

const TITLES = { bare: 'alone', memory: 'sojourn in memory', lmdb: 'sojourn on LMDB' } as const

export function sidesOf(name: FrameworkName): readonly Side[] {
  return SIDES.filter((side) => side !== 'peer' || FRAMEWORKS[name].peer !== null)
}

function sideTitle(name: FrameworkName, side: Side): string {
  return side === 'peer' ? (FRAMEWORKS[name].peer ?? '') : TITLES[side]
}

export function fullTitle(name: FrameworkName, side: Side): string {
  return `${FRAMEWORKS[name].title}, ${sideTitle(name, side)}`
}
