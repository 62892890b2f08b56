import { expect, test } from 'vitest'
import { sampleId } from '../../testing/sample.ts'
import { Places } from './places.ts'

/** So many records in a row, in the places that they got. */
function rowOf(count: number): { readonly places: Places; readonly taken: readonly number[] } {
  const places = new Places()
  const taken = Array.from({ length: count }, (_, number) => places.take(sampleId(number)))
  return { places, taken }
}

test('who comes takes the place of whom has left, and the row grows no longer', () => {
  const { places, taken } = rowOf(3)
  places.free(taken[1] ?? 0)
  expect(places.take(sampleId(9))).toBe(taken[1])
  expect(places.page(null, 10)).toEqual({ ids: [sampleId(0), sampleId(9), sampleId(2)], next: null })
})

test('a page passes over ten thousand empty places and no more, and the next one goes on behind them', () => {
  const { places, taken } = rowOf(25_000)
  for (const place of taken.slice(0, -1)) places.free(place)
  const pages: number[] = []
  let after: string | null = null
  do {
    const page = places.page(after, 5)
    pages.push(page.ids.length)
    after = page.next
  } while (after !== null)
  expect(pages).toEqual([0, 0, 1])
})

test('a page that is full at the end of the row is the last', () => {
  const { places } = rowOf(4)
  const page = places.page(null, 2)
  expect(page).toEqual({ ids: [sampleId(0), sampleId(1)], next: '2' })
  expect(places.page(page.next, 2)).toEqual({ ids: [sampleId(2), sampleId(3)], next: null })
  expect(places.page('999999999', 2)).toEqual({ ids: [], next: null })
})

test.each(['', '-1', '1.5', '1e3', ' 1', '0x1', '1'.repeat(10)])('%j is no place', (after) => {
  expect(() => rowOf(1).places.page(after, 1)).toThrow('none that scan gave')
})
