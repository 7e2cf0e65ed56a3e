import { Failure } from './failure.ts'
import type { Login } from './login-record.ts'
import { covers, resourceUrl } from './resource-url.ts'
import type { Logins } from './token-store.ts'

/**
 * The login for a URL, the nearest where several cover it; without a URL the only one there is.
 *
 * @throws Failure where there is none, or where it has to be said which
 */
export function chooseLogin(logins: Logins, text: string | undefined): Login {
  if (text !== undefined) {
    const url = resourceUrl(text)
    const covering = [...logins.values()].filter(({ resource }) => covers(resource, url))
    const [nearest] = covering.sort((one, other) => other.resource.length - one.resource.length)
    if (nearest) return nearest
    throw new Failure(`you are not signed in at ${url}: gatehouse login ${url}`)
  }
  const [only, ...others] = logins.values()
  if (!only) throw new Failure('you are signed in nowhere: gatehouse login URL')
  if (others.length === 0) return only
  const list = [...logins.keys()].sort().map((resource) => `\n  ${resource}`)
  throw new Failure(`you are signed in at several places; say which:${list.join('')}`)
}
