import type { OriginalRequest, RequestHeaders } from '../../src/model/original-request.ts'

/** A plain page request without a credential, with changes. */
export function originalRequest(
  changes: Partial<Omit<OriginalRequest, 'headers'>> & { headers?: Partial<RequestHeaders> } = {},
): OriginalRequest {
  return {
    method: 'GET',
    scheme: 'https',
    host: 'app.example.com',
    receivedHost: 'app.example.com',
    path: '/page',
    query: '',
    clientAddress: '198.51.100.7',
    requestId: 'request-1',
    ...changes,
    headers: {
      authorization: [],
      apiKey: undefined,
      cookie: '',
      origin: undefined,
      accept: undefined,
      requestedWith: undefined,
      fetchMode: undefined,
      fetchDest: undefined,
      prefetch: false,
      webSocket: false,
      mcp: { version: undefined, method: undefined, name: undefined, doubled: undefined },
      ...changes.headers,
    },
  }
}
