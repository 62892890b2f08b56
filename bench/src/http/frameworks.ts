import type { Framework } from './framework.ts'

interface FrameworkEntry {
  readonly title: string
  /** Whose versions a reader must know, as the manifest names them. */
  readonly packages: readonly string[]
  /** What applications on it use most for sessions; null where there is no such thing. */
  readonly peer: string | null
  /** Loads it only where it is measured. */
  readonly load: () => Promise<Framework>
}

/** Every framework that has an adapter for requests. */
export const FRAMEWORKS = {
  node: {
    title: 'node:http',
    packages: [],
    peer: null,
    load: async () => (await import('./frameworks/node.ts')).NODE,
  },
  web: {
    title: 'Fetch',
    packages: ['@hono/node-server'],
    peer: null,
    load: async () => (await import('./frameworks/web.ts')).WEB,
  },
  express: {
    title: 'Express',
    packages: ['express', 'express-session'],
    peer: 'express-session',
    load: async () => (await import('./frameworks/express.ts')).EXPRESS,
  },
  fastify: {
    title: 'Fastify',
    packages: ['fastify', '@fastify/session', '@fastify/cookie'],
    peer: '@fastify/session',
    load: async () => (await import('./frameworks/fastify.ts')).FASTIFY,
  },
  koa: {
    title: 'Koa',
    packages: ['koa', 'koa-session'],
    peer: 'koa-session',
    load: async () => (await import('./frameworks/koa.ts')).KOA,
  },
  hono: {
    title: 'Hono',
    packages: ['hono', '@hono/node-server'],
    peer: 'its signed cookie',
    load: async () => (await import('./frameworks/hono.ts')).HONO,
  },
  h3: {
    title: 'h3',
    packages: ['h3'],
    peer: 'its useSession',
    load: async () => (await import('./frameworks/h3.ts')).H3_FRAMEWORK,
  },
  elysia: {
    title: 'Elysia',
    packages: ['elysia', '@elysiajs/node'],
    peer: 'its signed cookie',
    load: async () => (await import('./frameworks/elysia.ts')).ELYSIA,
  },
  nestjs: {
    title: 'NestJS',
    packages: ['@nestjs/core', '@nestjs/platform-express', 'express-session'],
    peer: 'express-session',
    load: async () => (await import('./frameworks/nestjs.ts')).NESTJS,
  },
  'react-router': {
    title: 'React Router',
    packages: ['react-router', '@hono/node-server'],
    peer: 'its cookie storage',
    load: async () => (await import('./frameworks/react-router.ts')).REACT_ROUTER,
  },
} as const satisfies Record<string, FrameworkEntry>

export type FrameworkName = keyof typeof FRAMEWORKS
export const FRAMEWORK_NAMES = [
  'node',
  'web',
  'express',
  'fastify',
  'koa',
  'hono',
  'h3',
  'elysia',
  'nestjs',
  'react-router',
] as const satisfies readonly FrameworkName[]

export function isFramework(name: string): name is FrameworkName {
  return Object.hasOwn(FRAMEWORKS, name)
}
