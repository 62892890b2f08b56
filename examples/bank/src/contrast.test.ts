import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync(new URL('../public/ground.css', import.meta.url), 'utf8')
const HEX = '#([0-9a-f]{6})'

/** The light and the dark value of a colour. */
function colour(name: string): readonly [string, string] {
  const [, light, dark] = new RegExp(`--${name}: light-dark\\(${HEX}, ${HEX}\\)`).exec(css) ?? []
  const [, only = ''] = new RegExp(`--${name}: ${HEX};`).exec(css) ?? []
  return [light ?? only, dark ?? only]
}

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

test.each([
  ['ink', 'page', 7],
  ['ink', 'surface', 7],
  ['ink', 'raised', 7],
  ['muted', 'page', 4.5],
  ['muted', 'surface', 4.5],
  ['muted', 'raised', 4.5],
  ['on-deep', 'deep-end', 4.5],
  ['on-deep-muted', 'deep-end', 4.5],
  ['accent', 'page', 4.5],
  ['accent', 'surface', 4.5],
  ['accent', 'tint', 4.5],
  ['on-accent', 'accent', 4.5],
  ['in', 'surface', 4.5],
  ['danger', 'surface', 4.5],
  ['danger', 'danger-tint', 4.5],
  ['control', 'surface', 3],
])('%s on %s has a contrast of at least %d to 1, light and dark', (front, back, least) => {
  const [fronts, backs] = [colour(front), colour(back)]
  expect(contrast(fronts[0], backs[0])).toBeGreaterThanOrEqual(least)
  expect(contrast(fronts[1], backs[1])).toBeGreaterThanOrEqual(least)
})

test('a contrast is measured as WCAG says', () => {
  expect(contrast('000000', 'ffffff')).toBeCloseTo(21)
  expect(contrast('767676', 'ffffff')).toBeCloseTo(4.54, 2)
})
