const SLOTS = 16_384
const POLYNOMIAL = 0x1021
const slotOfBucket = new Map<string, number>()

/**
 * The cluster slot of a bucket's keys: CRC16 (XMODEM) of the hash tag, modulo 16,384 (Redis Cluster
 * specification, "Key distribution model"). All keys of a bucket have the bucket as hash tag.
 */
export function slotOf(bucket: string): number {
  const known = slotOfBucket.get(bucket)
  if (known !== undefined) return known
  const slot = crc16(bucket) % SLOTS
  slotOfBucket.set(bucket, slot)
  return slot
}

function crc16(text: string): number {
  let crc = 0
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : POLYNOMIAL)
    crc &= 0xffff
  }
  return crc
}
