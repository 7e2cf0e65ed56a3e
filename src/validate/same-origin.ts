import type { OriginalRequest } from '../model/original-request.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Why a request by session may not be used because of the page it comes from, or undefined where it
 * may: a WebSocket handshake always needs an `Origin` of an app or of the gateway (browsers send
 * cookies with handshakes of any page), an unsafe method where the check is on.
 */
export function originProblem(
  request: OriginalRequest,
  policy: {
    readonly csrfCheck: boolean
    readonly isOwnOrigin: (origin: string) => boolean
  },
): string | undefined {
  const { origin, webSocket } = request.headers
  if (!webSocket && (!policy.csrfCheck || safeMethods.has(request.method))) return
  if (origin !== undefined && policy.isOwnOrigin(origin)) return
  const what = webSocket ? 'the WebSocket handshake' : `the ${request.method} request`
  return origin === undefined
    ? `${what} has no Origin header`
    : `${what} comes from an Origin that is no app's: if it is one, add its host to APP_HOSTS`
}
