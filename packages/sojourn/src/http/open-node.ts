import { NodeHead, type NodeResponse } from './node-head.ts'
import { NodeIncoming, type NodeRequest } from './node-request.ts'
import type { RequestSession } from './request-session.ts'
import type { SessionGate } from './session-gate.ts'

/** What Node received and will answer with, and the framework's own request where it is another object. */
export interface NodeTurn<Request> {
  readonly request: NodeRequest
  readonly response: NodeResponse
  readonly asked: Request
}

/**
 * Opens the session of a request that Node received.
 * @throws SessionError `ORIGIN_REFUSED`, `AMBIGUOUS_CREDENTIALS`
 */
export function openNode<Data, Request>(
  gate: SessionGate<Data, Request>,
  { request, response, asked }: NodeTurn<Request>,
): Promise<RequestSession<Data>> {
  return gate.open(asked, new NodeIncoming(request), new NodeHead(response, gate.varyOn))
}
