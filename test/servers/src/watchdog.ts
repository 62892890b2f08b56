import { type ChildProcess, spawn } from 'node:child_process'

/** How a process is told to end at once. A server that must tidy up after itself gets five seconds for it. */
export type LastSignal = 'SIGKILL' | 'SIGQUIT'

/**
 * Reads `+pid signal folder` and `-pid` line by line. Its input ends when the process that started it is gone, for
 * whatever reason: SIGKILL too. Then it kills what is left and removes the folders. A shell, because it is
 * small; in a process group of its own and deaf to signals, so that Ctrl-C does not end it first.
 */
const SCRIPT = `
trap '' INT TERM HUP
left=
while read -r pid signal folder; do
  case $pid in
    +*) left="$left \${pid#+}:$signal:$folder" ;;
    -*) kept=; for one in $left; do [ "\${one%%:*}" = "\${pid#-}" ] || kept="$kept $one"; done; left=$kept ;;
  esac
done
for one in $left; do
  rest=\${one#*:}; kill -s "\${rest%%:*}" "\${one%%:*}"
done
for one in $left; do
  pid=\${one%%:*}; rest=\${one#*:}; tries=0
  while [ "\${rest%%:*}" != KILL ] && [ $tries -lt 50 ] && kill -0 "$pid"; do sleep 0.1; tries=$((tries + 1)); done
  kill -9 "$pid"; rm -rf -- "\${rest#*:}"
done
`

let shell: ChildProcess | null = null

/** From now on the process dies with us, and its folder goes with it. The folder's path has no spaces. */
export function guard(pid: number, folder: string, signal: LastSignal): void {
  tell(`+${pid} ${signal.slice('SIG'.length)} ${folder}`)
}

/** The process has ended, and its id may soon be somebody else's. */
export function unguard(pid: number): void {
  tell(`-${pid}`)
}

function tell(line: string): void {
  shell ??= startShell()
  shell.stdin?.write(`${line}\n`)
}

function startShell(): ChildProcess {
  const child = spawn('sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  child.unref()
  // Nobody waits for it: a process with nothing else to do may end, and that is its sign.
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function')
    child.stdin.unref()
  return child
}
