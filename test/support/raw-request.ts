import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { text } from 'node:stream/consumers'

export interface RawAnswer {
  readonly status: number
  /** Lower-case names; the last value of each. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/**
 * One request with exactly these headers: an array sends a header several times, undefined not at all.
 * Nothing is followed, decoded or added but `Host` and `Connection`.
 *
 * @param ca - PEM of the certificate to trust, for an `https` origin
 */
export function rawRequest(
  origin: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body?: string,
  ca?: string,
): Promise<RawAnswer> {
  const { hostname, port, protocol } = new URL(origin)
  return new Promise((resolve, reject) => {
    const send = protocol === 'https:' ? secureRequest : request
    const sent = send({ hostname, port, method, path, agent: false, ca })
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) sent.setHeader(name, value)
    }
    sent.on('error', reject)
    sent.on('response', async (response) => {
      const { statusCode: status = 0, rawHeaders } = response
      resolve({ status, headers: lastOfEach(rawHeaders), rawHeaders, body: await text(response) })
    })
    sent.end(body)
  })
}

/** Values by their names in lower case; the last of each. */
export function lastOfEach(rawHeaders: readonly string[]): Record<string, string> {
  const named: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    named[rawHeaders[i]?.toLowerCase() ?? ''] = rawHeaders[i + 1] ?? ''
  }
  return named
}
