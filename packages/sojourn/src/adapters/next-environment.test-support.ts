import { AsyncLocalStorage } from 'node:async_hooks'

// Next's own server sets it before it loads another part of Next. Where a part is loaded first, Next does not start.
Reflect.set(globalThis, 'AsyncLocalStorage', AsyncLocalStorage)
