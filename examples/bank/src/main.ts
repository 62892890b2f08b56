import { parseCommandLine, USAGE } from './command-line.ts'
import { DEMO_LOG_IN } from './customers/customers.ts'
import { type RunningBank, startBank } from './start-bank.ts'
import { sentenceFor } from './start-failure.ts'

/** Starts the bank, says where it is and how to get in, and stops it on Ctrl-C. */
async function main(): Promise<void> {
  const { BANK_BUCKET_KEY: bucketKey, BANK_REDIS_URL: redis, BANK_POSTGRES_URL: postgres } = process.env
  const commandLine = parseCommandLine(process.argv.slice(2), { redis, postgres })
  if (commandLine === 'help') {
    process.stdout.write(USAGE)
    return
  }
  const bank = await startBank(commandLine, { bucketKey })
  stopOnSignal(bank)
  console.log(`Harbour Bank is open at ${bank.url}\n${DEMO_LOG_IN} Ctrl-C stops it.`)
}

function stopOnSignal(bank: RunningBank): void {
  let isStopping = false
  const stop = () => {
    // Whoever presses Ctrl-C twice is impatient, and still must not lose what is being written.
    if (isStopping) return
    isStopping = true
    bank.close().then(() => process.exit(0), fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

/** One line for the person at the terminal: what is wrong, and what to do. */
function fail(error: unknown): void {
  console.error(sentenceFor(error))
  process.exit(1)
}

main().catch(fail)
