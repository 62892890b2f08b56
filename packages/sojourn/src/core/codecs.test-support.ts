import { type CodecOptions, DataCodec, type Head } from './data-codec.ts'
import type { Format } from './envelope.ts'
import { TestClock } from './test-clock.test-support.ts'

export const FORMAT_NAMES: readonly Format[] = ['messagepack', 'json']
export const HEAD: Head = { device: { label: 'Phone', userAgent: 'Test/1.0' }, assurance: 'aal1' }
export const DATA_BYTES = 32 * 1_024

/** A codec with the limits of a store, over a clock that stands still. */
export function codecWith<Data = unknown>(options: Partial<CodecOptions<Data>> = {}): DataCodec<Data> {
  return new DataCodec({
    schema: null,
    version: 1,
    upgrade: null,
    maxDataBytes: DATA_BYTES,
    format: 'messagepack',
    forArchive: () => false,
    clock: new TestClock(),
    timeout: 1_000,
    ...options,
  })
}

/** What a reader gets after data was written in a format. */
export async function throughFormat(data: unknown, format: Format): Promise<unknown> {
  const codec = codecWith({ format })
  return (await codec.decode(await codec.encode(data, HEAD))).data
}
