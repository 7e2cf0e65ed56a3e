import { readFileSync } from 'node:fs'
import { LuaFactory } from 'wasmoon'
import { identityHeaderNames, signatureHeaderNames } from '../../../src/model/header-names.ts'
import { rawRequest } from '../../support/raw-request.ts'

export type Lines = readonly (readonly [name: string, value: string])[]

/** A request as a client sends it to Kong. */
export interface Sent {
  readonly method?: string
  /** As on the request line. */
  readonly target?: string
  readonly scheme?: string
  /** `Host` included. */
  readonly headers: Lines
}

/** What the client gets from the plugin, or the app from Kong. */
export interface Outcome {
  readonly answer?: { readonly status: number; readonly body: string; readonly headers: Lines }
  readonly app?: Lines
  readonly logged: readonly string[]
}

/** What the scripts take from the gateway where they are told nothing else. */
export const all = [...identityHeaderNames, 'x-auth-assertion', ...signatureHeaderNames]

const deploy = new URL('../../../deploy/kong/gatehouse/', import.meta.url)
export const handlerLua = readFileSync(new URL('handler.lua', deploy), 'utf8')
export const schemaLua = readFileSync(new URL('schema.lua', deploy), 'utf8')
const kongLua = readFileSync(new URL('kong.lua', import.meta.url), 'utf8')

const factory = new LuaFactory()

/** Runs Lua in an interpreter of its own; what JavaScript gives it are plain tables. */
export async function runLua(source: string, globals: Readonly<Record<string, unknown>> = {}) {
  const engine = await factory.createEngine({ enableProxy: false })
  try {
    for (const [name, value] of Object.entries(globals)) engine.global.set(name, value)
    return await engine.doString(source)
  } finally {
    engine.global.close()
  }
}

/**
 * Sends one request through an access phase in a Kong made of stubs, which calls a real gateway.
 *
 * @param access - Lua that returns the function of the phase
 */
export async function throughKong(access: string, sent: Sent): Promise<Outcome> {
  const { method = 'GET', target = '/page?x=1', scheme = 'http', headers } = sent
  const logged: string[] = []
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const request = {
    method,
    scheme,
    headers,
    path: normalised(path),
    query,
    address: '198.51.100.7',
  }
  const outcome = await runLua(`${kongLua}\nreturn through((function() ${access} end)())`, {
    request,
    ask,
    log_line: (line: string) => void logged.push(line),
  })
  return { ...(outcome as Omit<Outcome, 'logged'>), logged }
}

/** What stands for the socket of resty.http. */
async function ask(
  url: string,
  headers: Readonly<Record<string, string | string[]>>,
  timeoutMs: number,
) {
  const { origin, pathname } = new URL(url)
  const late = new Promise<never>((_, reject) => {
    setTimeout(reject, timeoutMs, new Error('timeout')).unref()
  })
  try {
    const got = await Promise.race([rawRequest(origin, 'GET', pathname, headers), late])
    const pairs = got.rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [[name, got.rawHeaders[i + 1]]] : [],
    )
    return { status: got.status, body: got.body, headers: pairs }
  } catch (error) {
    return { problem: String(error) }
  }
}

const reserved = "!*'();:@&=+$,/?%#[]"

/** As Kong's `get_path`: escapes decoded that are of no reserved character, dots and slashes resolved. */
function normalised(path: string): string {
  const decoded = path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(
      escapes.replaceAll(/%(..)/g, (whole, hex) => {
        const character = String.fromCharCode(Number.parseInt(hex, 16))
        return reserved.includes(character) ? whole.toUpperCase() : character
      }),
      'latin1',
    ).toString(),
  )
  const kept: string[] = []
  const segments = decoded.split('/').slice(1)
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1
    if (segment === '..') kept.pop()
    if (segment === '.' || segment === '..' || segment === '') {
      if (last) kept.push('')
    } else kept.push(segment)
  }
  return `/${kept.join('/')}`
}
