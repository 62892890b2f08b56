import type { Framework } from './framework.ts'

interface FrameworkEntry {
  readonly title: string
  /** Whose versions a reader must know, as the manifest names them. */
  readonly packages: readonly string[]
  /** What applications on it use most for sessions; null where there is no such thing. */
  readonly peer: string | null
  /** Compiles its application into a folder that it makes, once for all its servers; left out where nothing is compiled. */
  readonly compile?: (app: string) => Promise<void>
  /** Loads it only where it is measured, with the application that was compiled. */
  readonly load: (app: string) => Promise<Framework>
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
  next: {
    title: 'Next',
    packages: ['next', 'iron-session'],
    peer: 'iron-session',
    compile: async (app) => (await import('./next/compile.ts')).compileNext(app),
    load: async (app) => (await import('./frameworks/next.ts')).nextIn(app),
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
  'next',
] as const satisfies readonly FrameworkName[]

/** Into that folder, where its application must be compiled. */
export async function compile(name: FrameworkName, app: string): Promise<void> {
  const entry: FrameworkEntry = FRAMEWORKS[name]
  await entry.compile?.(app)
}

export function isFramework(name: string): name is FrameworkName {
  return Object.hasOwn(FRAMEWORKS, name)
}
