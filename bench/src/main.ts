import { HELP, parseEmbedded } from './command-line.ts'
import { serveContestant } from './contestant-process.ts'
import { isContestant } from './contestants/contestants.ts'
import { runEmbedded } from './embedded/embedded.ts'
import { updatePage } from './embedded/markdown.ts'
import { fillStore, openStore } from './embedded/open-store.ts'

const [command = '', ...rest] = process.argv.slice(2)
const [first = '', second = '', third = ''] = rest

switch (command) {
  case 'embedded':
    await embedded(rest)
    break
  // What follows is for the processes that this one starts.
  case 'serve':
    if (isContestant(first)) await serveContestant(first, second)
    break
  case 'fill':
    await fillStore(first, Number(second))
    break
  case 'open':
    console.log(JSON.stringify(await openStore(first, Number(second), Number(third))))
    break
  default:
    console.log(HELP)
    process.exitCode = command === '' || command === '--help' ? 0 : 1
}

async function embedded(args: readonly string[]): Promise<void> {
  const options = optionsOf(args)
  if (options === null) return
  if (options.markdown) {
    updatePage()
    return
  }
  const verdicts = await runEmbedded(options)
  if (options.check && verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1
}

function optionsOf(args: readonly string[]) {
  try {
    return parseEmbedded(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
    process.exitCode = 1
    return null
  }
}
