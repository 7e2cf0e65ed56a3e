import type { FastifyRequest } from 'fastify'
import type { Session } from '../model/session.ts'
import type { Site } from '../model/site.ts'
import { sessionCookiesOf } from './browser-request.ts'
import type { Parts } from './parts.ts'

/**
 * The stored sessions of a browser, tokens and all, read from the store: for what ends them. There is
 * more than one only where a cookie was planted beside another.
 */
export async function currentSessions(
  request: FastifyRequest,
  site: Site,
  parts: Parts,
): Promise<Session[] | 'unavailable'> {
  const keys = sessionCookiesOf(request, site, parts).map((value) =>
    parts.cookies.verify(site, value),
  )
  try {
    const sessions = await Promise.all(keys.map((key) => key && parts.store.read(key)))
    return sessions.filter((session) => session !== undefined)
  } catch (error) {
    parts.events.failed('the session store', error, request.id)
    return 'unavailable'
  }
}

/** The one session of a browser; none where two cookies contradict each other. */
export async function currentSession(
  request: FastifyRequest,
  site: Site,
  parts: Parts,
): Promise<Session | undefined | 'unavailable'> {
  if (sessionCookiesOf(request, site, parts).length > 1) return
  const sessions = await currentSessions(request, site, parts)
  return sessions === 'unavailable' ? sessions : sessions[0]
}
