import type { RedisBenchOptions } from './redis/redis-options.ts'
import type { Verdict } from './verdicts.ts'

const [command = '', ...rest] = process.argv.slice(2)
const [first = '', second = '', third = ''] = rest

/** Each loads what it needs: most processes of a run serve one thing, and all that is compared would take a second. */
const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  async embedded() {
    const { HELP, parseEmbedded } = await import('./command-line.ts')
    const { runEmbedded } = await import('./embedded/embedded.ts')
    const { updatePage } = await import('./embedded/markdown.ts')
    await bench(HELP, () => parseEmbedded(rest), runEmbedded, updatePage)
  },
  async redis() {
    const { parseRedis, REDIS_HELP } = await import('./redis/redis-options.ts')
    const { updateRedisPages } = await import('./redis/redis-markdown.ts')
    await bench(REDIS_HELP, () => parseRedis(rest), redis, updateRedisPages)
  },
  async archive() {
    const { ARCHIVE_HELP, parseArchive } = await import('./archive/archive-options.ts')
    const { runArchive } = await import('./archive/archive-bench.ts')
    const { updateArchivePage } = await import('./archive/archive-markdown.ts')
    await bench(ARCHIVE_HELP, () => parseArchive(rest), runArchive, updateArchivePage)
  },
  async http() {
    const { HTTP_HELP, parseHttp } = await import('./http/http-options.ts')
    const { runHttp } = await import('./http/http-bench.ts')
    const { updateHttpPage } = await import('./http/http-markdown.ts')
    await bench(HTTP_HELP, () => parseHttp(rest), runHttp, updateHttpPage)
  },
  // What follows is for the processes that this one starts.
  async serve() {
    const { isContestant } = await import('./contestants/contestants.ts')
    const { serveContestant } = await import('./contestant-process.ts')
    if (isContestant(first)) await serveContestant(first, second)
  },
  async 'serve-redis'() {
    const { isRedisContestant } = await import('./redis/contestants/contestants.ts')
    const { serveRedisContestant } = await import('./redis/redis-process.ts')
    if (isRedisContestant(first)) await serveRedisContestant(first, JSON.parse(second))
  },
  async 'serve-scale'() {
    const { serveScale } = await import('./redis/scale/scale-process.ts')
    await serveScale(first)
  },
  async 'serve-archive'() {
    const { serveArchive } = await import('./archive/archive-process.ts')
    await serveArchive(JSON.parse(first))
  },
  async 'serve-http'() {
    const { serveHttp } = await import('./http/http-process.ts')
    await serveHttp(JSON.parse(first))
  },
  async 'serve-asker'() {
    const { serveAsker } = await import('./http/http-process.ts')
    serveAsker()
  },
  async fill() {
    const { fillStore } = await import('./embedded/open-store.ts')
    await fillStore(first, Number(second))
  },
  async open() {
    const { openStore } = await import('./embedded/open-store.ts')
    console.log(JSON.stringify(await openStore(first, Number(second), Number(third))))
  },
}

await (Object.hasOwn(COMMANDS, command) ? COMMANDS[command]?.() : help())

async function help(): Promise<void> {
  const { HELP } = await import('./command-line.ts')
  const { REDIS_HELP } = await import('./redis/redis-options.ts')
  const { ARCHIVE_HELP } = await import('./archive/archive-options.ts')
  const { HTTP_HELP } = await import('./http/http-options.ts')
  console.log(`${HELP}\n\n${REDIS_HELP}\n\n${ARCHIVE_HELP}\n\n${HTTP_HELP}`)
  process.exitCode = command === '' || command === '--help' ? 0 : 1
}

async function redis(options: RedisBenchOptions): Promise<readonly Verdict[]> {
  const { sessions } = options
  if (sessions === null) return (await import('./redis/redis-bench.ts')).runRedis(options)
  return (await import('./redis/scale/scale.ts')).runScale({ ...options, sessions })
}

interface Choice {
  readonly markdown: boolean
  readonly check: boolean
}

/** Does what the command line says; a mistake in it is told with the help. */
async function bench<Options extends Choice>(
  help: string,
  parse: () => Options,
  run: (options: Options) => Promise<readonly Verdict[]>,
  updateDocs: () => void,
): Promise<void> {
  const options = parsed(help, parse)
  if (options === null) return
  if (options.markdown) {
    updateDocs()
    return
  }
  const verdicts = await run(options)
  if (options.check && verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}

function parsed<Options>(help: string, parse: () => Options): Options | null {
  try {
    return parse()
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
    process.exitCode = 1
    return null
  }
}
