import { undisturbed } from '../statistics.ts'
import { count, short, type Table } from '../tables.ts'
import type { ManySample } from './many-sessions.ts'

const MEBIBYTE = 2 ** 20

/** One row for each size of store: what the rounds are when nothing disturbs. */
export function manyTable(measured: readonly ManySample[]): Table {
  const sizes = [...new Set(measured.map(({ sessions }) => sessions))]
  return [
    ['sessions', 'start', 'read p50', 'read p99', 'own memory', 'after reads', 'mapped pages', 'file, each'],
    ...sizes.map((sessions) => {
      const samples = measured.filter((sample) => sample.sessions === sessions)
      const of = (value: (sample: ManySample) => number) => undisturbed(samples.map(value), 'lower')
      return [
        count(sessions),
        `${short(of(({ openMs }) => openMs))} ms`,
        `${short(of(({ p50 }) => p50 * 1_000))} µs`,
        `${short(of(({ p99 }) => p99 * 1_000))} µs`,
        `${short(of(({ afterOpen }) => afterOpen.anonymous / MEBIBYTE))} MiB`,
        `${short(of(({ afterReads }) => afterReads.anonymous / MEBIBYTE))} MiB`,
        `${short(of(({ afterReads }) => afterReads.files / MEBIBYTE))} MiB`,
        `${short(of(({ bytesPerSession }) => bytesPerSession))} B`,
      ]
    }),
  ]
}
