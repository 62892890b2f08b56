import type { Reply } from './client.ts'

/** What was sent to one server, and its reply to come. */
interface Sent {
  readonly address: string
  readonly reply: Promise<Reply>
}

/** Waits for the server of this address; for all of them when it is null, or none has it. */
export async function repliesFrom(address: string | null, sent: readonly Sent[]): Promise<void> {
  for (const { reply } of sent) reply.catch(() => undefined)
  const awaited = sent.filter((each) => each.address === address)
  await Promise.all((awaited.length > 0 ? awaited : sent).map(({ reply }) => reply))
}
