import { IncomingMessage } from 'node:http'
import { CallHeaders, type HeaderNames } from '../proxies/call-headers.ts'

const callHeaders = Symbol('headers of the validate call')

/** What Node asks of the headers of a request before it passes it on. */
type SeenByNode = Partial<
  Record<'host' | 'expect' | 'te' | 'content-length' | 'transfer-encoding', string>
>

/**
 * The class of requests of a listener (option `IncomingMessage` of `createServer`). Node looks at
 * `headers` of every request, and making an object of all of them for that costs a validate call a tenth
 * of its time. For these calls `headers` holds only what Node asks for; the call itself is read from
 * `rawHeaders`, once. All other requests are Node's own.
 *
 * @param isValidateCall - by path and query of the request
 */
export function quickRequestClass(
  isValidateCall: (url: string) => boolean,
  names: () => HeaderNames,
): typeof IncomingMessage {
  class QuickRequest extends IncomingMessage {}
  const { get: allHeaders, set } = Object.getOwnPropertyDescriptor(
    IncomingMessage.prototype,
    'headers',
  ) as Required<Pick<PropertyDescriptor, 'get' | 'set'>>
  const seen = Symbol('headers as Node sees them')
  Object.defineProperty(QuickRequest.prototype, 'headers', {
    get(this: IncomingMessage & { [callHeaders]?: CallHeaders; [seen]?: SeenByNode }) {
      if (this[seen] !== undefined) return this[seen]
      if (!isValidateCall(this.url ?? '')) return allHeaders.call(this)
      this[callHeaders] = new CallHeaders(this.rawHeaders, names())
      this[seen] = seenByNode(this[callHeaders])
      return this[seen]
    },
    set,
    configurable: true,
  })
  return QuickRequest
}

/** The headers of a validate call, read where they have not been read yet. */
export function callHeadersOf(
  request: { readonly rawHeaders: string[] },
  names: HeaderNames,
): CallHeaders {
  const read = (request as { [callHeaders]?: CallHeaders })[callHeaders]
  return read ?? new CallHeaders(request.rawHeaders, names)
}

function seenByNode(headers: CallHeaders): SeenByNode {
  const host = headers.value('host')
  const seen: SeenByNode = host === undefined ? {} : { host }
  for (const name of ['expect', 'te', 'content-length', 'transfer-encoding'] as const) {
    const value = headers.value(name)
    if (value !== undefined) seen[name] = value
  }
  return seen
}
