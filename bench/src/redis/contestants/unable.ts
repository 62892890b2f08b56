import type { RedisContestant } from './contestant.ts'

/** A contestant that can do nothing: others say what they can. */
export class Unable implements RedisContestant {
  fill(_count: number): Promise<void> {
    return notAble()
  }

  fillUser(_userId: string, _sessions: number): Promise<void> {
    return notAble()
  }

  read(_index: number): Promise<void> {
    return notAble()
  }

  rewrite(_index: number): Promise<void> {
    return notAble()
  }

  update(_index: number): Promise<void> {
    return notAble()
  }

  create(): Promise<void> {
    return notAble()
  }

  list(_userId: string): Promise<number> {
    return notAble()
  }

  revokeUser(_userId: string): Promise<number> {
    return notAble()
  }

  async close(): Promise<void> {}
}

function notAble(): Promise<never> {
  return Promise.reject(new Error('This contestant cannot do that.'))
}
