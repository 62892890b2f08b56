import { describe, test } from 'vitest'
import type { Behaviour, Subject } from './behaviour.test-support.ts'
import { ANSWERS } from './behaviours-answer.test-support.ts'
import { HTTP2 } from './behaviours-http2.test-support.ts'
import { LOG_IN } from './behaviours-log-in.test-support.ts'

/** What every adapter promises, whichever framework it is for. */
export const BEHAVIOURS: readonly Behaviour[] = [...LOG_IN, ...ANSWERS]

/** Runs the table for one adapter. */
export function behave(subject: Subject): void {
  describe(`${subject.name} behaves like every adapter`, () => {
    const behaviours = subject.http2 === true ? [...BEHAVIOURS, ...HTTP2] : BEHAVIOURS
    for (const { title, check } of behaviours) test(title, () => check(subject))
  })
}
