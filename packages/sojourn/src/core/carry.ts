import type { StoreContext } from './context.ts'
import type { CreateOptions } from './options.ts'
import type { SessionRecord } from './port.ts'
import type { Session } from './session.ts'
import type { UpdateQueue } from './update-queue.ts'

/** The data of a new session: only named fields move from the replaced one, and given ones lie on top. */
export async function firstData<Data>(
  context: StoreContext<Data>,
  options: CreateOptions<Data>,
  old: SessionRecord | null,
): Promise<Partial<Data>> {
  const carried = old === null ? {} : await carriedFrom(context, options, old)
  return { ...context.initial(), ...carried, ...options.data }
}

/**
 * A change of the replaced session between its read and its end was acknowledged, so it moves too. Null when
 * there was none, or when it cannot move: the log-in is stored by then, and failing it would lose more.
 */
export async function carryLate<Data>(
  context: StoreContext<Data>,
  updates: UpdateQueue<Data>,
  options: CreateOptions<Data>,
  { old, record }: { readonly old: SessionRecord; readonly record: SessionRecord },
): Promise<Session<Data> | null> {
  const fields = options.carry?.filter((field) => !Object.hasOwn(options.data ?? {}, field)) ?? []
  if (fields.length === 0) return null
  try {
    const last = await context.records.readOne(old.id)
    if (last === null || last.version === old.version) return null
    const data = await firstData(context, options, last)
    const addressed = { record, fresh: true, token: null, superseded: false }
    return await updates.submit(addressed, (draft) => overlay(draft, data, fields), false)
  } catch {
    context.counters.add('lateCarriesLost')
    return null
  }
}

async function carriedFrom<Data>(
  context: StoreContext<Data>,
  options: CreateOptions<Data>,
  old: SessionRecord,
): Promise<Partial<Data>> {
  const carried: Partial<Data> = {}
  if (options.carry === undefined) return carried
  const { draft } = await context.codec.draft(old.data)
  if (typeof draft !== 'object' || draft === null) return carried
  for (const field of options.carry) if (Object.hasOwn(draft, field)) carried[field] = draft[field]
  return carried
}

function overlay<Data>(draft: Data, data: Partial<Data>, fields: readonly (keyof Data & string)[]): void {
  for (const field of fields) {
    const value = data[field]
    if (value === undefined) delete draft[field]
    else draft[field] = value
  }
}
