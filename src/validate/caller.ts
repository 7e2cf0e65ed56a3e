import type { OriginalRequest } from '../model/original-request.ts'

/**
 * Who waits for the answer: a person looking at a page, a person looking at a page in a frame, or a
 * program, which must never be redirected.
 */
export type Caller = 'page' | 'frame' | 'api'

const framed = new Set(['iframe', 'frame', 'embed', 'object'])

/** The first sign that applies decides (Fetch Metadata before `Accept`). */
export function callerOf(request: OriginalRequest): Caller {
  const { headers } = request
  if (headers.authorization.length > 0 || headers.webSocket || headers.prefetch) return 'api'
  if (headers.fetchMode !== undefined) {
    if (headers.fetchMode !== 'navigate') return 'api'
    if (headers.fetchDest === undefined || headers.fetchDest === 'document') return 'page'
    return framed.has(headers.fetchDest) ? 'frame' : 'api'
  }
  if (headers.requestedWith?.toLowerCase() === 'xmlhttprequest') return 'api'
  return headers.accept?.toLowerCase().includes('text/html') ? 'page' : 'api'
}
