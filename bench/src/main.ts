import { runArchive } from './archive/archive-bench.ts'
import { updateArchivePage } from './archive/archive-markdown.ts'
import { ARCHIVE_HELP, parseArchive } from './archive/archive-options.ts'
import { serveArchive } from './archive/archive-process.ts'
import { HELP, parseEmbedded } from './command-line.ts'
import { serveContestant } from './contestant-process.ts'
import { isContestant } from './contestants/contestants.ts'
import { runEmbedded } from './embedded/embedded.ts'
import { updatePage } from './embedded/markdown.ts'
import { fillStore, openStore } from './embedded/open-store.ts'
import { runHttp } from './http/http-bench.ts'
import { updateHttpPage } from './http/http-markdown.ts'
import { HTTP_HELP, parseHttp } from './http/http-options.ts'
import { serveAsker, serveHttp } from './http/http-process.ts'
import { isRedisContestant } from './redis/contestants/contestants.ts'
import { runRedis } from './redis/redis-bench.ts'
import { updateRedisPages } from './redis/redis-markdown.ts'
import { parseRedis, REDIS_HELP, type RedisBenchOptions } from './redis/redis-options.ts'
import { serveRedisContestant } from './redis/redis-process.ts'
import { runScale } from './redis/scale/scale.ts'
import { serveScale } from './redis/scale/scale-process.ts'
import type { Verdict } from './verdicts.ts'

const [command = '', ...rest] = process.argv.slice(2)
const [first = '', second = '', third = ''] = rest

switch (command) {
  case 'embedded':
    await bench(HELP, () => parseEmbedded(rest), runEmbedded, updatePage)
    break
  case 'redis':
    await bench(REDIS_HELP, () => parseRedis(rest), redis, updateRedisPages)
    break
  case 'archive':
    await bench(ARCHIVE_HELP, () => parseArchive(rest), runArchive, updateArchivePage)
    break
  case 'http':
    await bench(HTTP_HELP, () => parseHttp(rest), runHttp, updateHttpPage)
    break
  // What follows is for the processes that this one starts.
  case 'serve':
    if (isContestant(first)) await serveContestant(first, second)
    break
  case 'serve-redis':
    if (isRedisContestant(first)) await serveRedisContestant(first, JSON.parse(second))
    break
  case 'serve-scale':
    await serveScale(first)
    break
  case 'serve-archive':
    await serveArchive(JSON.parse(first))
    break
  case 'serve-http':
    await serveHttp(JSON.parse(first))
    break
  case 'serve-asker':
    serveAsker()
    break
  case 'fill':
    await fillStore(first, Number(second))
    break
  case 'open':
    console.log(JSON.stringify(await openStore(first, Number(second), Number(third))))
    break
  default:
    console.log(`${HELP}\n\n${REDIS_HELP}\n\n${ARCHIVE_HELP}\n\n${HTTP_HELP}`)
    process.exitCode = command === '' || command === '--help' ? 0 : 1
}

function redis(options: RedisBenchOptions): Promise<readonly Verdict[]> {
  const { sessions } = options
  return sessions === null ? runRedis(options) : runScale({ ...options, sessions })
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
