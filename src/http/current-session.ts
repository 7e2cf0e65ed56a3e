import type { FastifyRequest } from 'fastify'
import type { Session } from '../model/session.ts'
import type { Site } from '../model/site.ts'
import { sessionCookieOf } from './browser-request.ts'
import type { Parts } from './parts.ts'

/** The stored session of a browser, tokens and all, read from the store: for what ends it. */
export async function currentSession(
  request: FastifyRequest,
  site: Site,
  parts: Parts,
): Promise<Session | undefined | 'unavailable'> {
  const cookie = sessionCookieOf(request, site, parts)
  const key = cookie && parts.cookies.verify(site, cookie)
  if (!key) return
  try {
    return await parts.store.read(key)
  } catch (error) {
    parts.events.failed('the session store', error, request.id)
    return 'unavailable'
  }
}
