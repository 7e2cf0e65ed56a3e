import { expect } from 'vitest'
import { type Code, codes, errorWord } from '../../src/model/codes.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import type { RawAnswer } from './raw-request.ts'

/** A pass: 200 with the whole set of identity headers, each once, and these values among them. */
export function expectPass(answer: RawAnswer, identity: Readonly<Record<string, string>> = {}) {
  expect(answer.status).toBe(200)
  expect(answer.body).toBe('')
  expect(headerNames(answer).filter(isIdentityHeader)).toEqual([...identityHeaderNames].sort())
  expect(answer.headers).toMatchObject(identity)
  expectNothingKept(answer)
}

/** A page is sent to sign in, and is to come back to `back`. */
export function expectSignIn(
  answer: RawAnswer,
  url: string,
  back: string,
  status: 302 | 303 = 302,
) {
  expect(answer.status).toBe(status)
  expect(answer.headers.location).toBe(
    `${url}/auth/login?${new URLSearchParams({ return_to: back })}`,
  )
  expect(answer.headers).not.toHaveProperty('www-authenticate')
  expect(answer.body).toBe('')
  expectNobody(answer)
}

/** A refusal as programs get it: problem details with the code's own status and words. */
export function expectRefusal(answer: RawAnswer, code: Code) {
  expect(problemOf(answer)).toMatchObject({ code, error: errorWord(code) })
  const { status, title, message } = codes[code]
  expect(answer.status).toBe(status)
  expect(problemOf(answer)).toMatchObject({
    status,
    title,
    message,
    request_id: answer.headers['x-request-id'],
    decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
  expect(answer.headers).not.toHaveProperty('location')
  expect(answer.headers['www-authenticate']).toBe(challenges[status === 401 ? code : ''])
  expectNobody(answer)
}

/** A refusal as a person sees it. */
export function expectRefusedPage(answer: RawAnswer, code: Code) {
  expect(answer.status).toBe(codes[code].status)
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(answer.body).toContain(`${codes[code].status} ${code}`)
  expect(answer.headers).not.toHaveProperty('location')
  expect(answer.headers).not.toHaveProperty('www-authenticate')
  expectNobody(answer)
}

const challenges: Readonly<Record<string, string>> = {
  unauthenticated: 'Bearer realm="gatehouse"',
  session_expired: 'Bearer realm="gatehouse"',
  invalid_token: 'Bearer realm="gatehouse", error="invalid_token"',
}

/** Nothing of anyone's identity, and a body that proxies can hold in memory. */
function expectNobody(answer: RawAnswer) {
  expect(headerNames(answer).filter(isIdentityHeader)).toEqual(['x-request-id'])
  expect(Buffer.byteLength(answer.body)).toBeLessThan(4_096)
  expectNothingKept(answer)
}

function expectNothingKept(answer: RawAnswer) {
  expect(headerValues(answer, 'cache-control')).toEqual(['no-store'])
  expect(headerValues(answer, 'vary')[0]).toBe('Cookie, Authorization')
  expect(answer.headers).not.toHaveProperty('set-cookie')
}

function problemOf(answer: RawAnswer): unknown {
  expect(answer.headers['content-type']).toBe('application/problem+json')
  return JSON.parse(answer.body)
}

const isIdentityHeader = (name: string) =>
  identityHeaderNames.some((known) => known === name) ||
  /^x-(?:user|auth(?!-request)|service)/.test(name)

function headerNames({ rawHeaders }: RawAnswer): string[] {
  return rawHeaders
    .filter((_, i) => i % 2 === 0)
    .map((name) => name.toLowerCase())
    .sort()
}

/** Every value of a header, in the order received. */
export function headerValues({ rawHeaders }: RawAnswer, wanted: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === wanted)
}
