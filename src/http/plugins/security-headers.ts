import type { FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { commonHeaders } from '../pages/page-headers.ts'

/** What an answer has unless its route says otherwise; pages bring their own policy. */
const defaults: Readonly<Record<string, string>> = {
  ...commonHeaders,
  'content-security-policy':
    "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
}

/** What every answer depends on, whether the request had it or not. */
const varied = ['Cookie', 'Authorization']

/**
 * Protective headers for every answer that Fastify sends. Replies that a route has hijacked, as those
 * of the validate routes, are left alone. Headers that a route has set win; `Vary` is added to.
 */
export const securityHeaders = fastifyPlugin(
  async (app) => {
    app.addHook('onSend', async (_request, reply) => setSecurityHeaders(reply))
  },
  { name: 'security-headers', fastify: '5.x' },
)

/** The same for Fastify's `frameworkErrors`: an answer to a malformed URL passes no hook. */
export function setSecurityHeaders(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(defaults)) {
    if (!reply.hasHeader(name)) reply.header(name, value)
  }
  reply.header('vary', vary(reply))
}

function vary(reply: FastifyReply): string {
  const set = [reply.getHeader('vary') ?? []].flat().join(', ')
  const named = set === '' ? [] : set.split(/\s*,\s*/)
  const present = new Set(named.map((name) => name.toLowerCase()))
  return [...named, ...varied.filter((name) => !present.has(name.toLowerCase()))].join(', ')
}
