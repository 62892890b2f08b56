import { env } from 'node:process'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from './bank.test-support.ts'
import { BEN, customerScenarios, sessionScenarios } from './bank-scenarios.test-support.ts'
import { Branch } from './branch.test-support.ts'
import { PASSWORD, PLACES, type PlaceName, type RedisPlace } from './redis-places.test-support.ts'

const RECOVERY_MS = 20_000

/**
 * Usually what a customer does beyond his sessions is played on LMDB alone, and each of the three topologies over
 * one client, not all over the same; `SOJOURN_BANK=all` plays everything everywhere over both.
 */
const { SOJOURN_BANK } = env
const IS_ALL = SOJOURN_BANK === 'all'

/** The bank on these servers, over both clients: what sessions are for with each. */
export function redisScenarios(name: PlaceName, drivers: readonly [first: string, second: string]): void {
  const { path: data, remove } = temporaryDirectory()
  let place: RedisPlace
  beforeAll(async () => {
    place = await PLACES[name]()
  }, 60_000)
  afterAll(async () => {
    await place?.stop()
    remove()
  })

  describe.each(IS_ALL ? drivers : drivers.slice(0, 1))('over %s', (driver) => {
    let branch: Branch
    beforeAll(async () => {
      branch = await Branch.open(['--data', data, '--redis', place.url, '--driver', driver])
    })
    afterAll(async () => {
      // A line for each request that was answered with 503, and nothing that only we understand.
      const printed = await branch?.close()
      expect(printed).not.toMatch(/^\s+at |node:/m)
      expect(printed).not.toContain(PASSWORD)
    })
    afterEach(async () => {
      expect(await branch.leave()).toEqual([])
    })

    sessionScenarios(() => branch)
    if (IS_ALL) customerScenarios(() => branch)

    test(
      'T75: answers 503 while every server is down, and everybody is still logged in afterwards',
      async () => {
        const ada = await branch.customer('ada')
        await ada.draft(BEN, '12.34', 'Before the storm')
        await ada.page.getByRole('button', { name: 'Send €12.34' }).waitFor()
        await place.fall()
        const response = await ada.page.reload()
        expect(response?.status()).toBe(503)
        expect(await response?.headerValue('set-cookie')).toBeNull()
        await ada.has('The bank cannot be reached at the moment. You are still logged in.')
        await place.rise()
        const status = async () => (await ada.page.reload())?.status()
        await expect.poll(status, { timeout: RECOVERY_MS }).toBe(200)
        await ada.has('Before the storm')
        await ada.page.getByRole('button', { name: 'Send €12.34' }).click()
        await ada.has('€12.34 went to Ben Okafor.')
        ada.forgive(/503/)
      },
      RECOVERY_MS * 3,
    )
  })
}
