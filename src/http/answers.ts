import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Code, codes } from '../model/codes.ts'
import { problemOf } from '../validate/reply.ts'
import { errorPage } from './pages/error-page.ts'
import { type Headers, pageHeaders } from './pages/page-headers.ts'

/** Whether the caller is a person's browser that shows what it gets. */
export function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.toLowerCase().includes('text/html') ?? false
}

export function sendPage(
  reply: FastifyReply,
  status: number,
  page: string,
  headers: Headers = pageHeaders,
): FastifyReply {
  return reply.status(status).headers(headers).send(page)
}

/**
 * A refusal with its fixed text: a page for a browser, else problem details (RFC 9457).
 *
 * @param options - `status` where the code's own does not fit, as for 404 and 413
 */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  code: Code,
  options: {
    readonly status?: number
    readonly loginUrl?: string
    readonly retryAfterSec?: number | undefined
  } = {},
): FastifyReply {
  const { title, message } = codes[code]
  const status = options.status ?? codes[code].status
  if (status === 503) reply.header('retry-after', String(options.retryAfterSec ?? 5))
  if (wantsPage(request)) {
    return sendPage(reply, status, errorPage({ status, title, message, requestId: request.id }))
  }
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="gatehouse"')
  const problem = problemOf({ code, requestId: request.id, loginUrl: options.loginUrl })
  return reply
    .status(status)
    .type('application/problem+json')
    .send({ ...problem, status })
}
