import { type Request, Router } from 'express'
import { type WaitingDraft, waitingDraft } from '../../../archive/waiting-draft.ts'
import type { Bank } from '../../bank.ts'
import { fieldOf } from '../../form.ts'
import { customerOf } from '../../who.ts'

/**
 * A transfer that an earlier session left unfinished. The accounts page offers it; here it is taken, once, whatever
 * becomes of it then: if this session ends with it too, it is offered from there.
 */
export function resumeRoutes(bank: Bank): Router {
  const router = Router()

  router.post('/transfer/resume', async (request, response) => {
    const waiting = await takenFrom(bank, request)
    if (waiting === null) return response.redirect(303, '/accounts')
    const isPlaced = await place(request, waiting).catch(async (error) => {
      await bank.archive?.giveBack(waiting.sessionId)
      throw error
    })
    if (!isPlaced) await bank.archive?.giveBack(waiting.sessionId)
    response.redirect(303, isPlaced ? '/transfer' : '/accounts')
  })

  router.post('/transfer/forget', async (request, response) => {
    const waiting = await takenFrom(bank, request)
    response.redirect(303, waiting === null ? '/accounts' : '/accounts?notice=discarded')
  })

  return router
}

/** The draft that was offered, if it is still there and nobody else has just taken it. */
async function takenFrom(bank: Bank, request: Request): Promise<WaitingDraft | null> {
  const waiting = await waitingDraft(bank, customerOf(request).id)
  // Only what was seen: in the meantime a later session may have ended with another draft.
  if (waiting === null || waiting.sessionId !== fieldOf(request, 'session')) return null
  const isTaken = await bank.archive?.take(waiting.sessionId, bank.sessions.clock.now())
  return isTaken ? waiting : null
}

/** False when another tab has begun a transfer meanwhile, or the session has ended. */
async function place(request: Request, { draft }: WaitingDraft): Promise<boolean> {
  let isPlaced = false
  const isAlive = await request.session.update((data) => {
    data.draft ??= draft
    isPlaced = data.draft.id === draft.id
  })
  return isAlive && isPlaced
}
