import { request } from 'node:http'
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
 */
export function rawRequest(
  origin: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body?: string,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, agent: false })
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) sent.setHeader(name, value)
    }
    sent.on('error', reject)
    sent.on('response', async (response) => {
      const named: Record<string, string> = {}
      for (let i = 0; i < response.rawHeaders.length; i += 2) {
        named[response.rawHeaders[i]?.toLowerCase() ?? ''] = response.rawHeaders[i + 1] ?? ''
      }
      const { statusCode: status = 0, rawHeaders } = response
      resolve({ status, headers: named, rawHeaders, body: await text(response) })
    })
    sent.end(body)
  })
}
