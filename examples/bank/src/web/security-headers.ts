import type { NextFunction, Request, Response } from 'express'

/** No inline script, no foreign host, nowhere to be framed: what slips into a page stays text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  // `no-referrer` would be stricter and would break every form: browsers then send `Origin: null`.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  // Strict-Transport-Security belongs here too, as soon as there is https: browsers ignore it without.
} as const

export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set(HEADERS)
  next()
}
