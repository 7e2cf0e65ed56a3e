import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeHeaderItem, encodeHeaderValue } from '../../src/validate/header-values.ts'
import { headerValues } from '../support/decisions.ts'
import { rawRequest } from '../support/raw-request.ts'

/** Answers with the headers that the next request is to get. */
let next: string[] = []
const server = createServer((_request, response) => {
  response.writeHead(200, next)
  response.end()
})
let origin: string
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
})

const odd = fc.constantFrom(
  '%',
  ' ',
  ',',
  '\0',
  '\r\n',
  '\t',
  '\x7f',
  '\ud800',
  '\udc00',
  'é',
  '%2C',
)
/** Any UTF-16 at all, lone surrogates too, and often what is special here. */
const anyText = fc.oneof(
  fc.string({ unit: fc.integer({ max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.oneof(odd, fc.string({ maxLength: 3 })) }),
  fc.string({ unit: 'binary' }),
)

test('H-06 H-07 a header value of any text arrives, and decodes to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 20 }), async (texts) => {
      next = texts.flatMap((text) => ['x-value', encodeHeaderValue(text)])
      const values = headerValues(await rawRequest(origin, 'GET', '/', {}), 'x-value')
      expect(values.map(decodeURIComponent)).toEqual(texts.map((text) => text.toWellFormed()))
      expect(values.join('')).toMatch(/^[ -~]*$/)
    }),
    { numRuns: 300 },
  )
})

test('H-08 so does each item of a list, and there are no others', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyText.filter(Boolean), { minLength: 1 }), async (items) => {
      next = ['x-list', items.map(encodeHeaderItem).join(',')]
      const [list = ''] = headerValues(await rawRequest(origin, 'GET', '/', {}), 'x-list')
      expect(list.split(',').map(decodeURIComponent)).toEqual(
        items.map((item) => item.toWellFormed()),
      )
    }),
    { numRuns: 300 },
  )
})
