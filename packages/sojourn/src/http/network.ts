/** Addresses that cannot be read share one count. */
const UNKNOWN = 'unknown'
const GROUPS = 8
const PREFIX_GROUPS = 4
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/
const MAPPED = /^0:0:0:0:0:ffff:([0-9a-f]+):([0-9a-f]+)$/

/**
 * Whom to count a client address for: an IPv4 address itself, of an IPv6 address its /64, which is what one
 * household or one rented server gets. Every spelling of an address gives one answer (SECURITY T122; V57).
 */
export function networkOf(address: string | undefined): string {
  const text = address?.split('%')[0] ?? ''
  if (IPV4.test(text)) return text
  const groups = groupsOf(text)
  if (groups === null) return UNKNOWN
  const [, high, low] = MAPPED.exec(groups.join(':')) ?? []
  if (high !== undefined && low !== undefined) return ipv4Of(high, low)
  return `${groups.slice(0, PREFIX_GROUPS).join(':')}::/64`
}

/** The eight groups of an IPv6 address, in lower case and without leading zeros. */
function groupsOf(text: string): string[] | null {
  const url = `http://[${text}]/`
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !URL.canParse(url)) return null
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::')
  const left = head.split(':').filter((group) => group !== '')
  const right = (tail ?? '').split(':').filter((group) => group !== '')
  return [...left, ...Array<string>(GROUPS - left.length - right.length).fill('0'), ...right]
}

function ipv4Of(high: string, low: string): string {
  const bits = [high, low].map((group) => Number.parseInt(group, 16))
  return bits.flatMap((group) => [group >> 8, group & 0xff]).join('.')
}
