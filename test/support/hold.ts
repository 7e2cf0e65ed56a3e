import type { IdentityProvider, Intercept } from '../../demo/identity-provider.ts'

/** Requests that wait at an endpoint of the provider. */
export interface Held {
  /** Resolves with the first request that waits. */
  readonly arrived: Promise<void>
  /** How many have come so far. */
  readonly count: () => number
  /** Lets those that wait, and all after them, go on. */
  release(): void
}

/** Keeps every request to a path of the provider waiting until it is released. */
export function hold(idp: IdentityProvider, path: string): Held {
  const arrived = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let count = 0
  const wait: Intercept = async (request): Promise<'pass'> => {
    if (request.url?.split('?', 1)[0] !== path) return 'pass'
    count += 1
    arrived.resolve()
    await released.promise
    return 'pass'
  }
  idp.intercept = wait
  return {
    arrived: arrived.promise,
    count: () => count,
    release() {
      idp.intercept = undefined
      released.resolve()
    },
  }
}
