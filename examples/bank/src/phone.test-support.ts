import { expect } from 'vitest'
import type { Device } from './browser.test-support.ts'

const WIDTH = 390
const SMALL = `[...document.querySelectorAll('a, button, select, input:not([type=hidden], [type=radio]), label.row')]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches('.skip'))
  .map((element) => [element.getBoundingClientRect(), element.outerHTML.slice(0, 80)])
  .filter(([{ width, height }]) => width < 44 || height < 43.9)
  .map(([{ width, height }, html]) => [width, height, html])`

/** The page is not wider than a phone, and what it has to tap is large enough for a thumb. */
export async function expectFitsPhone({ page }: Device): Promise<void> {
  const path = new URL(page.url()).pathname
  expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, WIDTH])
  expect([path, await page.evaluate(SMALL)]).toEqual([path, []])
}
