import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { qualified } from '../../model/identity.ts'
import { siteUrl } from '../../model/site.ts'
import { refuse } from '../answers.ts'
import { hostOf, sessionCookieOf, singleParameters, siteOf } from '../browser-request.ts'
import type { Parts } from '../parts.ts'
import { login } from './login.ts'
import { logoutByLink } from './logout.ts'

/**
 * `GET /oauth2/start`, `/oauth2/sign_in`, `/oauth2/sign_out` and `/oauth2/userinfo`: our routes under the
 * names that oauth2-proxy has for them, for links and annotations that are there. `/oauth2/auth` is a
 * validate route.
 */
export async function oauth2ProxyRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  for (const path of ['/start', '/sign_in'])
    app.get(
      path,
      (request, reply) => fromApp(request, reply, 'login', parts) ?? login(request, reply, parts),
    )
  app.get(
    '/sign_out',
    (request, reply) =>
      fromApp(request, reply, 'logout', parts) ?? logoutByLink(request, reply, parts),
  )
  app.get('/userinfo', (request, reply) => userinfo(request, reply, parts))
}

/**
 * At the host of an app, where oauth2-proxy is mostly served, a path in `rd` is one of that app. Whether it
 * may be returned to is checked where it is read.
 */
function fromApp(
  request: FastifyRequest,
  reply: FastifyReply,
  route: 'login' | 'logout',
  parts: Parts,
): FastifyReply | undefined {
  const path = singleParameters(request)?.get('rd')
  const host = hostOf(request, parts)
  const site = siteOf(request, parts)
  if (!path?.startsWith('/') || host === undefined || host === site.host) return
  if (parts.gate.appOf(host) === undefined) return
  const { protocol } = new URL(site.origin)
  const query = new URLSearchParams({ rd: `${protocol}//${host}${path}` })
  return reply.redirect(`${siteUrl(site, parts.settings.authPath)}/${route}?${query}`)
}

/** As `/session`, looking is no use of the session. */
async function userinfo(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  const site = siteOf(request, parts)
  const cookie = sessionCookieOf(request, site, parts)
  const proof = cookie === undefined ? undefined : await parts.sessions.prove(site, cookie, 'look')
  if (proof?.kind === 'unavailable') return refuse(request, reply, proof.code)
  if (proof?.kind !== 'live') {
    const code = proof?.kind === 'ended' ? 'session_expired' : 'unauthenticated'
    const loginUrl = `${siteUrl(site, parts.settings.authPath)}/login`
    return refuse(request, reply, code, { loginUrl })
  }
  const { identity } = proof.session
  const { firstProvider } = parts.gate
  // The names that apps get in the headers of the set x-auth-request.
  return reply.send({
    user: qualified(identity, identity.subject, firstProvider),
    email: identity.email,
    groups: identity.groups,
    preferredUsername: qualified(identity, identity.username, firstProvider),
  })
}
