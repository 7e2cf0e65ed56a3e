import { expect, test } from 'vitest'
import { originProblem } from '../../../src/validate/same-origin.ts'
import { originalRequest } from '../../support/original-request.ts'

const own = 'https://app.example.com'
const foreign = 'https://evil.example'

function problem(
  method: string,
  origin: string | undefined,
  csrfCheck: boolean,
  webSocket = false,
) {
  const request = originalRequest({ method, headers: { origin, webSocket } })
  return originProblem(request, { csrfCheck, isOwnOrigin: (it) => it === own })
}

test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('C-19 %s may come from anywhere', (method) => {
  expect(problem(method, foreign, true)).toBeUndefined()
  expect(problem(method, undefined, true)).toBeUndefined()
})

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'])('C-19 %s only from our own', (method) => {
  expect(problem(method, own, true)).toBeUndefined()
  expect(problem(method, foreign, true)).toMatch(/APP_HOSTS/)
  expect(problem(method, undefined, true)).toBe(`the ${method} request has no Origin header`)
  expect(problem(method, foreign, false)).toBeUndefined()
})

test('P-26 a WebSocket handshake only from our own, whatever is checked otherwise', () => {
  for (const csrfCheck of [true, false]) {
    expect(problem('GET', own, csrfCheck, true)).toBeUndefined()
    expect(problem('GET', foreign, csrfCheck, true)).toMatch(/APP_HOSTS/)
    expect(problem('GET', undefined, csrfCheck, true)).toMatch(/no Origin/)
  }
})

test('the reason repeats nothing of the request but its method', () => {
  expect(problem('POST', 'https://evil.example\n{}', true)).not.toContain('evil')
})
