import { expect, test } from 'vitest'
import { type Answered, ResponseReader } from './response-reader.ts'

const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n\r\nhello'
const IN_CHUNKS = 'HTTP/1.1 503 Oh\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'

/** What a reader makes of a text that comes in these pieces. */
function read(pieces: readonly string[]): (Answered | null)[] {
  const reader = new ResponseReader()
  return pieces.map((piece) => reader.take(piece))
}

test('an answer is its status, its head and its body, however its length is told', () => {
  expect(read([WITH_LENGTH])).toEqual([
    { status: 200, head: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1', body: 'hello' },
  ])
  expect(read([IN_CHUNKS])).toEqual([
    { status: 503, head: 'HTTP/1.1 503 Oh\r\ntransfer-encoding: chunked', body: 'hello' },
  ])
})

test('answers come whole out of pieces, whichever two cuts there are', () => {
  const wrong: string[][] = []
  for (const whole of [WITH_LENGTH, IN_CHUNKS]) {
    for (let first = 1; first < whole.length - 1; first += 1) {
      for (let second = first + 1; second < whole.length; second += 1) {
        const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)]
        const [one, two, three] = read(pieces)
        if (one !== null || two !== null || three?.body !== 'hello') wrong.push(pieces)
      }
    }
  }
  expect(wrong).toEqual([])
})

test('one answer after the other is read on a connection', () => {
  expect(read([WITH_LENGTH, IN_CHUNKS, WITH_LENGTH]).map((answer) => answer?.status)).toEqual([200, 503, 200])
})

test('an answer without an end, and one that nobody asked for, are refused', () => {
  expect(() => read(['HTTP/1.1 200 OK\r\n\r\nhello'])).toThrow('Nobody can tell where this answer ends')
  expect(() => read([`${WITH_LENGTH}HTTP`])).toThrow('More than was asked for: "HTTP"')
  expect(() => read([`${IN_CHUNKS}HTTP`])).toThrow('More than was asked for: "HTTP"')
})
