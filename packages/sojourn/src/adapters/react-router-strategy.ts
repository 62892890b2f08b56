import type { SessionIdStorageStrategy } from 'react-router'
import { SessionError, type SessionStore } from '../core/index.ts'
import { dataOf, fieldsOf, replacing } from './react-router-data.ts'

/** What `createSessionStorage` of React Router asks for, without the cookie. The ids are tokens. */
export type SessionStrategy = Required<Omit<SessionIdStorageStrategy, 'cookie'>>

export function strategyOver<Data>(store: SessionStore<Data>): SessionStrategy {
  return {
    async createData(data, expires) {
      const left = expires === undefined ? {} : { absolute: expires.getTime() - store.clock.now() }
      const { token } = await store.create({ data: dataOf(store, fieldsOf(data)), ...left })
      return token
    },
    async readData(id) {
      const session = await store.read(id)
      return session === null ? null : fieldsOf(session.data)
    },
    async updateData(id, data) {
      if ((await store.update(id, replacing(fieldsOf(data)))) === null) throw ended()
    },
    async deleteData(id) {
      // React Router asks this also for a session that was never stored.
      if (id !== '') await store.revoke(id, { reason: 'logout' })
    },
  }
}

/** React Router keeps the id of an ended session, and here nothing tells whether the caller had read it before. */
function ended(): SessionError {
  return new SessionError(
    'INVALID_ARGUMENT',
    "No live session has this id. React Router's createSessionStorage commits under the id of an ended session; " +
      'use sessionStorage of sojourn/react-router, which begins a new one.',
  )
}
