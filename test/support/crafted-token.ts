import { createPrivateKey, sign } from 'node:crypto'
import type { JWK } from 'jose'
import { expect } from 'vitest'
import { validateWith } from './access-token.ts'
import { expectRefusal } from './decisions.ts'
import type { TestGateway } from './gateway.ts'

/** A part of a token: an object as JSON, a text or bytes as they are. */
export type Part = object | string | Uint8Array

/** A token of exactly these two parts with a good signature, whatever they are. */
export function craftedToken(key: JWK, header: Part, payload: Part): string {
  const input = `${encodedPart(header)}.${encodedPart(payload)}`
  return `${input}.${signatureOf(key, input).toString('base64url')}`
}

export function encodedPart(part: Part): string {
  const isBytes = typeof part === 'string' || part instanceof Uint8Array
  return Buffer.from(isBytes ? part : JSON.stringify(part)).toString('base64url')
}

/** As RS256 and ES256 sign (RFC 7518 section 3); `der` is how other formats write ECDSA signatures. */
export function signatureOf(
  key: JWK,
  input: string,
  dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
): Buffer {
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' })
  return sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding })
}

/** The token is refused as programs get it, for this reason. */
export async function expectInvalid(
  site: TestGateway,
  token: string | Promise<string>,
  reason: RegExp | string,
): Promise<void> {
  const answer = await validateWith(site, await token)
  expectRefusal(answer, 'invalid_token')
  const line = site.log.findLast((entry) => entry.request_id === answer.headers['x-request-id'])
  expect(line?.reason).toMatch(reason)
}

/** How often the provider was asked at a path so far. */
export function asked({ idp }: Pick<TestGateway, 'idp'>, path: string): number {
  return idp.requests.filter((request) => request.path === path).length
}
