import { expect, test } from 'vitest'
import type { RequestHeaders } from '../../../src/model/original-request.ts'
import { type Caller, callerOf } from '../../../src/validate/caller.ts'
import { originalRequest } from '../../support/original-request.ts'

const html = { accept: 'text/html,*/*;q=0.8' }
const navigation = { ...html, fetchMode: 'navigate', fetchDest: 'document' }

/** In the order in which they decide. */
const cases: readonly (readonly [Partial<RequestHeaders>, Caller])[] = [
  [{ ...navigation, authorization: ['Basic x'] }, 'api'],
  [{ ...navigation, webSocket: true }, 'api'],
  [{ ...navigation, prefetch: true }, 'api'],
  [navigation, 'page'],
  [{ fetchMode: 'navigate' }, 'page'],
  [{ ...navigation, requestedWith: 'XMLHttpRequest' }, 'page'],
  [{ ...navigation, accept: 'application/json' }, 'page'],
  ...['iframe', 'frame', 'embed', 'object'].map(
    (fetchDest) => [{ ...navigation, fetchDest }, 'frame'] as const,
  ),
  [{ ...navigation, fetchDest: 'worker' }, 'api'],
  ...['cors', 'no-cors', 'same-origin', 'websocket', ''].map(
    (fetchMode) => [{ ...html, fetchMode }, 'api'] as const,
  ),
  [{ ...html, requestedWith: 'xmlhttpREQUEST' }, 'api'],
  [{ ...html, requestedWith: 'com.example.app' }, 'page'],
  [html, 'page'],
  [{ accept: 'TEXT/HTML' }, 'page'],
  [{ accept: '*/*' }, 'api'],
  [{}, 'api'],
]

test.each(cases)('%j is a %s', (headers, caller) => {
  expect(callerOf(originalRequest({ headers }))).toBe(caller)
})
