/*
 * A page of a tree: a header of 24 bytes, at 18 its flags and at 20 the length of the list of its nodes, which are named
 * by their places after the header. In a branch the first 6 bytes of a node are a page; in a leaf a node says at 4 what
 * its data is, at 6 how long its key is, and after both which pages hold what is too large for it.
 */
const HEADER = 24
const FLAGS = 18
const NODE_LIST = 20
const [BRANCH, LEAF] = [0x01, 0x02]
const NODE_HEADER = 8
const [NODE_FLAGS, KEY_BYTES] = [4, 6]
const [LARGE, OTHERS] = [0x01, 0x06]
const [LARGE_PAGES, LARGE_BYTES] = [16, 24]
const NOWHERE = 2 ** 53

/** Some pages of a file that lie one after the other. */
interface Run {
  readonly first: number
  readonly count: number
}

/**
 * Whether all that two trees hold lies within a file of so many pages. LMDB counts pages that it took and gave back within
 * one commit, and never writes those: so a whole file may end before the last page that it speaks of. Reads every page.
 */
export function liesWithin(
  pages: number,
  roots: readonly number[],
  pageAt: (page: number) => Buffer,
): boolean {
  const left = roots.filter((root) => root < NOWHERE)
  // Of a damaged file, a page might lead to itself.
  for (let seen = 0; seen <= pages; seen += 1) {
    const next = left.pop()
    if (next === undefined) return true
    if (next >= pages) return false
    const below = runsBelow(pageAt(next))
    if (below === null) return false
    for (const { first, count } of below.large) if (first + count > pages) return false
    left.push(...below.trees)
  }
  return false
}

/** What a page leads to; null when it is no page of a tree of ours. */
function runsBelow(
  page: Buffer,
): { readonly trees: readonly number[]; readonly large: readonly Run[] } | null {
  const kind = page.readUInt16LE(FLAGS) & (BRANCH | LEAF)
  const nodes = nodesOf(page)
  if (nodes === null || (kind !== BRANCH && kind !== LEAF)) return null
  if (kind === BRANCH) return { trees: nodes.map((node) => page.readUIntLE(node, 6)), large: [] }
  const large: Run[] = []
  for (const node of nodes) {
    const flags = page.readUInt16LE(node + NODE_FLAGS)
    if ((flags & OTHERS) !== 0) return null
    const data = node + NODE_HEADER + page.readUInt16LE(node + KEY_BYTES)
    if ((flags & LARGE) === 0) continue
    if (data + LARGE_BYTES > page.byteLength) return null
    large.push({ first: page.readUIntLE(data, 6), count: page.readUIntLE(data + LARGE_PAGES, 6) })
  }
  return { trees: [], large }
}

/** Where the nodes of a page begin; null when one of them lies outside. */
function nodesOf(page: Buffer): number[] | null {
  const count = page.readUInt16LE(NODE_LIST) >> 1
  if (HEADER + 2 * count > page.byteLength) return null
  const nodes = Array.from({ length: count }, (_, index) => HEADER + page.readUInt16LE(HEADER + 2 * index))
  return nodes.every((node) => node + NODE_HEADER <= page.byteLength) ? nodes : null
}
