import type { Engine } from './port.ts'

/** An engine that notes the arguments of every call. */
export function witnessed(engine: Engine, seen: unknown[]): Engine {
  return new Proxy(engine, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        seen.push(args)
        return Reflect.apply(method, target, args)
      }
    },
  })
}

/** Calls a method with arguments that its types forbid. */
export function misuse(target: object, name: string, ...args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, name), target, args)
}
