/** What one session of the benchmark holds, the same for all: about 360 bytes as JSON. */
export interface Payload {
  name: string
  roles: string[]
  locale: string
  theme: string
  cart: { sku: string; quantity: number; cents: number }[]
  recent: string[]
  checkout: { step: number; address: string; gift: boolean }
  lastLoginAt: number
}

/** Identity, a cart and recent actions of one user. */
export function payloadOf(index: number): Payload {
  return {
    name: `Ada Lovelace ${index}`,
    roles: ['customer', 'early-access'],
    locale: 'en-GB',
    theme: 'dark',
    cart: [
      { sku: 'SKU-48213', quantity: 2, cents: 1_299 },
      { sku: 'SKU-90177', quantity: 1, cents: 8_900 },
    ],
    recent: ['/', '/search?q=tea', '/product/48213', '/product/90177', '/cart'],
    checkout: { step: 2, address: 'home', gift: false },
    lastLoginAt: 1_795_478_400_000 + index,
  }
}

/** The same user with less in hand: with a cookie and a user id beside it about 362 bytes as JSON. */
export function smallPayloadOf(index: number): Payload {
  const payload = payloadOf(index)
  return { ...payload, name: `Ada ${index}`, cart: payload.cart.slice(0, 1), recent: ['/cart'] }
}

/** The change that every update makes. */
export function change(payload: Payload): void {
  payload.checkout.step += 1
}
