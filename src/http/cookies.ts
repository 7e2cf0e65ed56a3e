import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Site } from '../model/site.ts'
import { type LoginCookie, mintLoginCookie, transactionLifeMs } from '../oidc/transaction.ts'

const secretForm = /^(?<mintedAt>[0-9]{1,15})\.(?<secret>[A-Za-z0-9_-]{22})$/
const maxLoginCookies = 16

/** Names of the site's own cookies: bound to the host wherever the browser can be made to see to it. */
export function hostOnly(site: Site, name: string): string {
  return `${site.secure ? '__Host-' : ''}${name}`
}

/** Sets the session cookie. @param maxAgeMs - life of the cookie from now */
export function setSessionCookie(
  reply: FastifyReply,
  site: Site,
  value: string,
  maxAgeMs: number,
): void {
  reply.setCookie(site.cookieName, value, {
    ...scope(site),
    maxAge: Math.max(1, Math.floor(maxAgeMs / 1_000)),
  })
}

/** Takes the session cookie away, in the scope in which it was set. */
export function clearSessionCookie(reply: FastifyReply, site: Site): void {
  reply.setCookie(site.cookieName, '', { ...scope(site), maxAge: 0 })
}

function scope(site: Site) {
  return {
    path: '/',
    httpOnly: true,
    secure: site.secure,
    sameSite: site.cookieSameSite,
    ...(site.cookieDomain === undefined ? {} : { domain: site.cookieDomain }),
  }
}

export const hostScope = (site: Site) =>
  ({ path: '/', httpOnly: true, secure: site.secure, sameSite: 'lax' }) as const

interface FoundLoginCookie extends LoginCookie {
  readonly mintedAt: number
}

function loginCookies(request: FastifyRequest, site: Site): FoundLoginCookie[] {
  const prefix = hostOnly(site, 'gatehouse-login-')
  return Object.entries(request.cookies).flatMap(([name, value]) => {
    const parts = name.startsWith(prefix) ? secretForm.exec(value ?? '')?.groups : undefined
    if (!parts?.secret) return []
    return [
      { suffix: name.slice(prefix.length), secret: parts.secret, mintedAt: Number(parts.mintedAt) },
    ]
  })
}

/** The login cookie that a state names, if this browser has it. */
export function findLoginCookie(
  request: FastifyRequest,
  site: Site,
  suffix: string,
): LoginCookie | undefined {
  return loginCookies(request, site).find((cookie) => cookie.suffix === suffix)
}

/**
 * The login cookie for a start of sign-in: the one the browser has, renewed, or a new one. One is
 * enough for any number of tabs, and over sixteen the oldest go.
 */
export function useLoginCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  now: number,
): LoginCookie {
  const found = loginCookies(request, site).sort((a, b) => b.mintedAt - a.mintedAt)
  const cookie = found[0] ?? { ...mintLoginCookie(), mintedAt: now }
  const name = (suffix: string) => hostOnly(site, `gatehouse-login-${suffix}`)
  reply.setCookie(name(cookie.suffix), `${cookie.mintedAt}.${cookie.secret}`, {
    ...hostScope(site),
    maxAge: transactionLifeMs / 1_000,
  })
  for (const old of found.slice(maxLoginCookies)) {
    reply.setCookie(name(old.suffix), '', { ...hostScope(site), maxAge: 0 })
  }
  return cookie
}
