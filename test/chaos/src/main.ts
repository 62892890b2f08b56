import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { inspect, parseArgs } from 'node:util'
import { redisProgram } from 'sojourn-servers'
import { FAULTS, variantsOf } from './faults.ts'
import { play, type Row } from './play.ts'
import { complaintsOf, tableOf } from './table.ts'

const USAGE = 'npm run chaos -- redis [--rounds n] [--only text]\n'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
})
const rounds = Number(values.rounds)
if (positionals.join() !== 'redis' || !Number.isSafeInteger(rounds) || rounds < 1) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  await run(rounds, values.only)
}

async function run(count: number, only: string): Promise<void> {
  const faults = FAULTS.filter(({ name, topology }) => `${topology}: ${name}`.includes(only))
  const rows: Row[] = []
  for (let round = 1; round <= count; round += 1) {
    for (const fault of faults) {
      process.stderr.write(`round ${round}: ${fault.topology}, ${fault.name}\n`)
      try {
        rows.push(...(await play(fault, variantsOf(fault))))
      } catch (error) {
        process.stderr.write(`${inspect(error)}\n`)
        process.exitCode = 1
      }
    }
  }
  process.stdout.write(`${conditions(count)}\n\n${tableOf(rows)}\n`)
  const complaints = complaintsOf(rows)
  process.stdout.write(`\n${complaints.length === 0 ? 'Every promise was kept.' : complaints.join('\n')}\n`)
  if (complaints.length > 0) process.exitCode = 1
}

function conditions(count: number): string {
  const program = execFileSync(redisProgram(), ['--version'], { encoding: 'utf8' })
  const version = /v=(\S+)/.exec(program)?.[1] ?? 'of unknown version'
  const [{ model = 'unknown' } = {}] = cpus()
  return [
    `${new Date().toISOString()}; Redis ${version}; Node ${process.version}; ${cpus().length} × ${model};`,
    `rounds: ${count}; all servers, the load and the proxies on this one machine, over loopback.`,
  ].join('\n')
}
