import { type RawAnswer, rawRequest } from '../../support/raw-request.ts'

interface RawRequest {
  readonly method?: string
  /** An array sends a header several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Where the connection goes, if not to the port of the URL. */
  readonly port?: number
}

/** One request with exactly these headers to this machine, whatever the host name. */
export function exchange(url: string | URL, raw: RawRequest = {}): Promise<RawAnswer> {
  const { port, host, pathname, search } = new URL(url)
  const origin = `http://127.0.0.1:${raw.port ?? port}`
  return rawRequest(origin, raw.method ?? 'GET', pathname + search, { host, ...raw.headers })
}
