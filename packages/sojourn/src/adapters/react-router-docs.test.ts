import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { send } from '../http/client.test-support.ts'
import { writeDocs } from './docs-files.test-support.ts'
import { buildOf, serveBuild } from './react-router-subject.test-support.ts'

const FORM = 'application/x-www-form-urlencoded'

/** The files of the page in a folder of their own, beside the packages of this workspace. */
function written(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sojourn-react-router-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const react = createRequire(import.meta.url).resolve('react-router/package.json')
  symlinkSync(dirname(dirname(react)), join(folder, 'node_modules'), 'dir')
  expect(writeDocs('react-router.md', folder)).toHaveLength(3)
  return folder
}

test('the application of docs/react-router.md does what it says', async () => {
  const folder = written()
  const load = (path: string) => import(/* @vite-ignore */ join(folder, 'app', path))
  const { sessions } = await load('sessions.server.ts')
  onTestFinished(() => sessions.close())
  const port = await serveBuild(
    buildOf({
      root: { id: 'root', path: '', module: await load('root.tsx') },
      shop: { id: 'shop', parentId: 'root', path: 'shop', module: await load('routes/shop.tsx') },
    }),
  )
  let cookie = ''
  const post = async (fields: Record<string, string>) => {
    const headers = { 'Content-Type': FORM, 'Sec-Fetch-Site': 'same-origin', Cookie: cookie }
    const body = String(new URLSearchParams(fields))
    const { status, setCookie } = await send(port, 'POST', '/shop.data', { headers, body })
    expect(status).toBe(200)
    cookie = setCookie[0]?.split(';')[0] ?? cookie
    return (await send(port, 'GET', '/shop.data', { headers: { Cookie: cookie } })).body
  }
  expect((await send(port, 'GET', '/shop')).status).toBe(200)
  expect(await post({ do: 'add', item: 'apples' })).toContain('apples')
  const inside = await post({ do: 'log in', name: 'ada' })
  expect([inside.includes('ada'), inside.includes('apples'), inside.includes('current')]).toEqual([
    true,
    true,
    true,
  ])
  expect(await post({ do: 'log out everywhere else' })).toContain('ada')
  const outside = await post({ do: 'log out' })
  expect([outside.includes('ada'), outside.includes('apples')]).toEqual([false, false])
})
