/**
 * The same object, with an ear for what its members throw: React Router tells a middleware that a loader has failed,
 * and not by what.
 */
export function overheard<Told extends object>(told: Told, hear: (error: unknown) => void): Told {
  const tell = (error: unknown): never => {
    hear(error)
    throw error
  }
  const heard = (run: () => unknown): unknown => {
    try {
      const result = run()
      return result instanceof Promise ? result.catch(tell) : result
    } catch (error) {
      return tell(error)
    }
  }
  return new Proxy(told, {
    get(target, name) {
      const value = heard(() => Reflect.get(target, name, target))
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => heard(() => Reflect.apply(value, target, args))
    },
  })
}
