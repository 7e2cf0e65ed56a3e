import { ask, jsonOf } from './ask.ts'
import { Failure, plain } from './failure.ts'
import { covers, isSafe } from './resource-url.ts'

/** What a protected resource says of itself (RFC 9728). */
export interface ProtectedResource {
  /** Its identifier, as a `resource` parameter names it (RFC 8707). */
  readonly resource: string
  /** Issuers whose tokens it takes. */
  readonly servers: readonly string[]
  /** Scopes that a token needs there: those of the challenge, else all that it knows. */
  readonly scopes: readonly string[]
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * Asks a URL without a credential and reads the metadata that its challenge names (RFC 9728 section
 * 5.1), else what stands at the well-known paths. Undefined where there is none; rejects with a Failure
 * where it is not for this URL (section 3.3).
 */
export async function discoverResource(url: URL): Promise<ProtectedResource | undefined> {
  const answer = await ask(url)
  await answer.body?.cancel()
  const parameters =
    answer.status === 401 ? challengeParameters(answer.headers.get('www-authenticate') ?? '') : {}
  for (const place of places(url, parameters.resource_metadata)) {
    const metadata = await jsonOf(await ask(place))
    if (metadata) return readMetadata(metadata, { url, place, scope: parameters.scope })
    if (parameters.resource_metadata !== undefined)
      throw new Failure(`${url} names ${place}, and no metadata is there`)
  }
  return
}

/** Where to look. The challenge counts alone; the path form is tried before the root. */
function places(url: URL, named: string | undefined): URL[] {
  if (named !== undefined) {
    const place = URL.canParse(named) ? new URL(named) : undefined
    if (place && isSafe(place)) return [place]
    throw new Failure(`${url} names metadata at ${plain(named)}, which is no https URL`)
  }
  const root = new URL(wellKnown, url)
  return url.pathname === '/' ? [root] : [new URL(wellKnown + url.pathname, url), root]
}

function readMetadata(
  document: Readonly<Record<string, unknown>>,
  { url, place, scope }: { url: URL; place: URL; scope: string | undefined },
): ProtectedResource {
  const { resource } = document
  if (typeof resource !== 'string') throw new Failure(`${place} holds no metadata of a resource`)
  if (!covers(resource, url))
    throw new Failure(`${place} speaks for ${plain(resource)}, and not for ${url}`)
  return {
    resource,
    servers: texts(document.authorization_servers),
    scopes: scope === undefined ? texts(document.scopes_supported) : scope.split(' '),
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** The parameters of `WWW-Authenticate` by their names in lower case, the first of each name. */
export function challengeParameters(header: string): Readonly<Record<string, string | undefined>> {
  const found: Record<string, string> = {}
  // Quoted strings are read whole, so that nothing inside of one counts.
  for (const [, name = '', quoted, bare] of header.matchAll(
    /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    found[name.toLowerCase()] ??= quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''
  }
  return found
}
