export type { OldBetterAuthStore } from '../compat/old-better-auth.ts'
export type { Adopted, OldForm, OldPage, OldSession, OldStore, OldStoreMode } from '../core/old-store.ts'
export type { OldFound, OldPresented, OldSessions } from '../http/old-sessions.ts'
export { betterAuthRedis } from './better-auth-redis.ts'
export { connectRedis, type OldRedisOptions } from './connect-redis.ts'
export { type ExpressStoreLike, expressStore } from './express-store.ts'
export { fastifyRedis } from './fastify-redis.ts'
export type { FrameworkName } from './forms.ts'
export {
  type CookieOptions,
  fromExpressSession,
  fromFastifySession,
  fromKoaSession,
  type KoaCookieOptions,
  type Taking,
} from './from-cookie.ts'
export { type IronPassword, type IronSessionOptions, ironSession, type Unseal } from './iron-session.ts'
export { koaRedis } from './koa-redis.ts'
export { type MigrateOptions, type MigrateProgress, type MigrateTarget, migrate } from './migrate.ts'
export { progressLine } from './progress-bar.ts'
export type { SigningSecrets } from './signed-cookie.ts'
