import type { RequestHandler } from 'express'
import session from 'express-session'
import { SECRET } from '../users.ts'

/** The middleware as its documentation begins: over its MemoryStore, with neither `resave` nor `saveUninitialized`. */
export function expressSession(): RequestHandler {
  const { warn } = console
  // In production it warns of that store, which is what is to be measured.
  console.warn = () => undefined
  try {
    return session({ secret: SECRET, resave: false, saveUninitialized: false })
  } finally {
    console.warn = warn
  }
}
