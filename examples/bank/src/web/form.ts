import type { Request } from 'express'

/** One field of a posted form; the empty text when it is missing, repeated or not text. */
export function fieldOf(request: Request, name: string): string {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null) return ''
  const value: unknown = Object.getOwnPropertyDescriptor(body, name)?.value
  return typeof value === 'string' ? value : ''
}

/** The same without spaces around it and without control characters, at most `length` characters long. */
export function textOf(request: Request, name: string, length: number): string {
  return fieldOf(request, name)
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, length)
}
