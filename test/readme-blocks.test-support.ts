/**
 * Code in the README that is run. A block is run when comments stand right before its fence:
 *
 *     <!-- run: quick-start -->                     a script: it must exit with 0
 *     <!-- prints: alive -->                        and print this, and the next one after it
 *
 *     <!-- run: server -->                          a server: it must print its URL
 *     <!-- fetch: POST /login {"name":"ada"} = 200 welcome -->
 *                                                   and answer with this status and text; cookies are kept
 */
export interface Block {
  readonly name: string
  readonly language: 'ts' | 'js'
  readonly code: string
  readonly prints: readonly string[]
  readonly fetches: readonly Exchange[]
}

export interface Exchange {
  readonly method: string
  readonly path: string
  /** JSON, or null for a request without a body. */
  readonly body: string | null
  readonly status: number
  /** What the answer must hold; empty for anything. */
  readonly text: string
}

const BLOCK = /((?:^<!-- [^\n]* -->\n)+)\n?^```(ts|js)\n([\s\S]*?)^```$/gm
const COMMENT = /^<!-- (run|prints|fetch): (.*) -->$/gm
const EXCHANGE = /^(GET|POST|PUT|PATCH|DELETE) (\S+)(?: (\{.*\}))? = (\d{3})(?: (.*))?$/

export function blocksIn(markdown: string): Block[] {
  return [...markdown.matchAll(BLOCK)].flatMap(([, comments = '', language, code = '']) => {
    const said = [...comments.matchAll(COMMENT)].map(([, key = '', value = '']) => ({ key, value }))
    const valuesOf = (wanted: string) => said.filter(({ key }) => key === wanted).map(({ value }) => value)
    const [name] = valuesOf('run')
    if (name === undefined) return []
    return {
      name,
      language: language === 'js' ? ('js' as const) : ('ts' as const),
      code,
      prints: valuesOf('prints'),
      fetches: valuesOf('fetch').map(exchangeOf),
    }
  })
}

function exchangeOf(line: string): Exchange {
  const [, method = '', path = '', body, status = '', text = ''] = EXCHANGE.exec(line) ?? []
  if (method === '') throw new Error(`This is no exchange: ${line}`)
  return { method, path, body: body ?? null, status: Number(status), text }
}
