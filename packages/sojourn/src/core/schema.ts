import type { StandardSchemaV1 } from '@standard-schema/spec'
import { pathText } from './data-path.ts'
import { type Patience, within } from './deadline.ts'
import { SessionError } from './errors.ts'

const ISSUES_SHOWN = 3

/**
 * What a schema says of data; without a schema, the data is right. At once when the schema answers at once, so
 * that the caller can copy what was checked before anybody can change it.
 * @throws SessionError `SCHEMA_REFUSED` when the schema fails or does not answer in time (SECURITY T82)
 */
export function validated(
  schema: StandardSchemaV1 | null,
  data: unknown,
  patience: Patience,
): StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>> {
  if (schema === null) return { value: data }
  try {
    const result = schema['~standard'].validate(data)
    return result instanceof Promise ? inTime(result, patience) : result
  } catch (error) {
    throw failed(error)
  }
}

/** The data as the schema gives it back. @throws SessionError `SCHEMA_REFUSED` with the paths that do not fit */
export function dataIn(result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value
  throw new SessionError('SCHEMA_REFUSED', result.issues.slice(0, ISSUES_SHOWN).map(issueText).join(' '))
}

/** What an application's own function threw, without its message, which may quote data (SECURITY T144). */
export function withoutMessage(error: unknown): Error {
  if (error instanceof SessionError) return error
  if (!(error instanceof Error)) return new Error('Something was thrown that is not an error.')
  const bare = new Error(error.name)
  const frames = error.stack?.split('\n').filter((line) => /^ {4}at /.test(line)) ?? []
  bare.stack = [error.name, ...frames].join('\n')
  return bare
}

async function inTime<T>(answer: Promise<T>, patience: Patience): Promise<T> {
  try {
    return await within(answer, patience, () => late(patience))
  } catch (error) {
    throw failed(error)
  }
}

function late({ timeout }: Patience): SessionError {
  return new SessionError('SCHEMA_REFUSED', `It did not answer within ${timeout} ms.`)
}

function failed(error: unknown): SessionError {
  if (error instanceof SessionError) return error
  return new SessionError('SCHEMA_REFUSED', 'It failed.', { cause: withoutMessage(error) })
}

/** The path and no more: a schema's own message may quote the value. */
function issueText(issue: StandardSchemaV1.Issue): string {
  const steps = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step))
  return `${pathText(steps)} does not fit.`
}
