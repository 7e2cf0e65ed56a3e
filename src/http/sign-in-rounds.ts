import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Site } from '../model/site.ts'
import { hostOnly, hostScope } from './cookies.ts'

const cookieName = 'gatehouse-returns'
const form = /^(?<count>[0-9]{1,3})\.(?<at>[0-9]{1,15})\.(?<target>[A-Za-z0-9_-]{8})$/
const windowMs = 10_000
const maxRounds = 3

/**
 * Whether a browser that starts sign-in was sent to the same place, signed in, three times in a row
 * within ten seconds: its session cookie does not arrive there, and another round would be a loop. The
 * count is the browser's own; who forges it stops only their own sign-in.
 */
export function isLooping(
  request: FastifyRequest,
  site: Site,
  returnUrl: string,
  now: number,
): boolean {
  const rounds = recentRounds(request, site, now)
  return rounds.count >= maxRounds && rounds.target === targetOf(returnUrl)
}

/**
 * Notes that a browser is sent back signed in. Tabs that signed in side by side are no rounds: only a
 * sign-in that began after the last return counts.
 *
 * @param startedAt - when this sign-in began, in milliseconds since the epoch
 */
export function noteReturn(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  returnUrl: string,
  startedAt: number,
  now: number,
): void {
  const last = recentRounds(request, site, now)
  const target = targetOf(returnUrl)
  const next = startedAt >= last.at ? last.count + 1 : last.count
  const count = last.target === target ? Math.max(1, next) : 1
  reply.setCookie(hostOnly(site, cookieName), `${count}.${now}.${target}`, {
    ...hostScope(site),
    maxAge: windowMs / 1_000,
  })
}

function recentRounds(
  request: FastifyRequest,
  site: Site,
  now: number,
): { count: number; at: number; target: string } {
  const parts = form.exec(request.cookies[hostOnly(site, cookieName)] ?? '')?.groups
  if (!parts?.target || Math.abs(now - Number(parts.at)) > windowMs) {
    return { count: 0, at: 0, target: '' }
  }
  return { count: Number(parts.count), at: Number(parts.at), target: parts.target }
}

function targetOf(returnUrl: string): string {
  const { origin, pathname } = new URL(returnUrl)
  return createHash('sha256')
    .update(origin + pathname)
    .digest('base64url')
    .slice(0, 8)
}
