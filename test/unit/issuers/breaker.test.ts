import { describe, expect, test } from 'vitest'
import { Breakers } from '../../../src/issuers/breaker.ts'
import { createIssuerFetch } from '../../../src/issuers/issuer-fetch.ts'
import { IssuerUnavailable } from '../../../src/issuers/issuer-unavailable.ts'

const token = 'https://idp.example/token'
const keys = 'https://idp.example/jwks'

/** Breakers, and a clock that stands still. */
function setUp() {
  let ms = 1_000
  const changes: [string, boolean][] = []
  const clock = { now: () => ms, monotonic: () => ms }
  const breakers = new Breakers(clock, (...change) => changes.push(change))
  return {
    breakers,
    changes,
    advance: (by: number) => {
      ms += by
    },
    fail(times: number, endpoint = token) {
      for (let index = 0; index < times; index += 1) breakers.begin(endpoint).failed()
    },
    /** What the next call gets: the seconds to wait, or undefined where it may go. */
    refusal(endpoint = token) {
      try {
        breakers.begin(endpoint).abandoned()
        return
      } catch (error) {
        if (error instanceof IssuerUnavailable) return error.retryAfterSec ?? 'unknown'
        throw error
      }
    },
  }
}

describe('closed', () => {
  test('D-09 the fifth failure in a row opens it, and is told once', () => {
    const { fail, refusal, changes } = setUp()
    fail(4)
    expect([refusal(), changes]).toEqual([undefined, []])
    fail(1)
    expect([refusal(), changes]).toEqual([60, [[token, true]]])
  })

  test('a success begins the row anew', () => {
    const { breakers, fail, refusal } = setUp()
    fail(4)
    breakers.begin(token).succeeded()
    fail(4)
    expect(refusal()).toBeUndefined()
    fail(1)
    expect(refusal()).toBe(60)
  })

  test('a call that its caller gave up is neither', () => {
    const { breakers, fail, refusal } = setUp()
    fail(4)
    for (let index = 0; index < 10; index += 1) breakers.begin(token).abandoned()
    expect(refusal()).toBeUndefined()
    fail(1)
    expect(refusal()).toBe(60)
  })

  test('each endpoint has its own', () => {
    const { breakers, fail, refusal } = setUp()
    fail(5)
    expect([refusal(token), refusal(keys)]).toEqual([60, undefined])
    expect([...breakers.readings()]).toEqual([
      { endpoint: token, open: true },
      { endpoint: keys, open: false },
    ])
  })
})

describe('open', () => {
  test('the seconds left are said, and no part of the message', () => {
    const { breakers, fail, advance, refusal } = setUp()
    const message = () => {
      try {
        breakers.begin(token)
      } catch (error) {
        return error instanceof Error && error.message
      }
      return
    }
    fail(5)
    const before = message()
    advance(42_500)
    expect([refusal(), message()]).toEqual([18, before])
    expect(before).toContain(token)
  })

  test('calls from before it opened change nothing: no longer minute, no early end', () => {
    const { breakers, changes, fail, advance, refusal } = setUp()
    const late = [breakers.begin(token), breakers.begin(token), breakers.begin(token)] as const
    fail(5)
    advance(30_000)
    late[0].failed()
    late[1].succeeded()
    expect(refusal()).toBe(30)
    advance(30_000)
    const probe = breakers.begin(token)
    late[2].succeeded()
    expect(refusal()).toBe('unknown')
    probe.failed()
    expect([refusal(), changes]).toEqual([60, [[token, true]]])
  })
})

describe('half-open, after a minute', () => {
  test('one call goes through; its success closes it', () => {
    const { breakers, changes, fail, advance, refusal } = setUp()
    fail(5)
    advance(59_999)
    expect(refusal()).toBe(1)
    advance(1)
    const probe = breakers.begin(token)
    expect(refusal()).toBe('unknown')
    expect([...breakers.readings()]).toEqual([{ endpoint: token, open: true }])
    probe.succeeded()
    expect(changes).toEqual([
      [token, true],
      [token, false],
    ])
    fail(4)
    expect(refusal()).toBeUndefined()
  })

  test('its failure is another minute, and nothing that is told again', () => {
    const { changes, fail, advance, refusal } = setUp()
    fail(5)
    for (let minute = 0; minute < 3; minute += 1) {
      advance(60_000)
      fail(1)
      expect(refusal()).toBe(60)
    }
    expect(changes).toEqual([[token, true]])
  })

  test('where its caller gave it up, the next one is the one', () => {
    const { breakers, changes, fail, advance } = setUp()
    fail(5)
    advance(60_000)
    breakers.begin(token).abandoned()
    breakers.begin(token).succeeded()
    expect(changes.at(-1)).toEqual([token, false])
  })
})

test('D-12 no more than 32 endpoints are remembered, those that are open the longest', () => {
  const { breakers, changes, fail, refusal } = setUp()
  fail(5)
  for (let index = 0; index < 100; index += 1) breakers.begin(`${keys}/${index}`).succeeded()
  expect([...breakers.readings()]).toHaveLength(32)
  expect(refusal()).toBe(60)
  for (let index = 100; index < 200; index += 1) fail(5, `${keys}/${index}`)
  expect([...breakers.readings()]).toHaveLength(32)
  expect(changes.filter(([endpoint]) => endpoint === token)).toEqual([
    [token, true],
    [token, false],
  ])
})

describe('what the way out to an issuer counts', () => {
  // Nothing listens at port 1, so that every call fails at once.
  const endpoint = 'http://127.0.0.1:1/token'

  const asking = (signal?: AbortSignal) => {
    const { breakers } = setUp()
    const observed: string[] = []
    const fetch = createIssuerFetch({
      issuer: 'http://127.0.0.1:1',
      observe: (_url, outcome) => observed.push(outcome),
      breakers,
    })
    return {
      observed,
      ask: () => fetch(`${endpoint}?n=${observed.length}`, { signal }).catch((error) => error),
    }
  }

  test('no connection is a failure; a call that is not let through is no request', async () => {
    const { ask, observed } = asking()
    for (let index = 0; index < 7; index += 1) expect(await ask()).toBeInstanceOf(IssuerUnavailable)
    expect(observed).toHaveLength(5)
    expect(await ask()).toMatchObject({ retryAfterSec: 60 })
  })

  test('a time-out of the library that calls is a failure', async () => {
    const signal = AbortSignal.timeout(0)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const { ask, observed } = asking(signal)
    for (let index = 0; index < 7; index += 1) await ask()
    expect(observed).toHaveLength(5)
  })

  test('a call that its caller gave up is none', async () => {
    const { ask, observed } = asking(AbortSignal.abort())
    for (let index = 0; index < 7; index += 1) await ask()
    expect(observed).toHaveLength(7)
  })
})
