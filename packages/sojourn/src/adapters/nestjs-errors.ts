import { type ArgumentsHost, Catch } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import { answerError, type NodeResponse, statusOf } from '../http/index.ts'
import { answerReply, type Reply } from './fastify-reply.ts'

/**
 * What the filter is for: failures of sojourn that are the client's to hear of. Nest asks by `instanceof`, which two loaded
 * copies of the package would answer differently; so it goes by name and code here too.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: Nest asks for a class.
class Told {
  static [Symbol.hasInstance](exception: unknown): boolean {
    const status = statusOf(exception)
    return status !== null && status !== 500
  }
}

/** Answers failures of sojourn as problem+json, on Express and on Fastify. */
export class SessionErrors extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    // A resolver or a message handler has no response to write to: its own layer goes on with the error.
    if (host.getType() !== 'http') throw exception
    const response = host.switchToHttp().getResponse<NodeResponse | Reply>()
    const isAnswered = 'raw' in response ? answerReply(exception, response) : answerError(exception, response)
    if (!isAnswered) super.catch(exception, host)
  }
}
Catch(Told)(SessionErrors)
