import type { Findings } from './problem.ts'
import { secretSettings } from './secrets.ts'
import type { Settings } from './settings.ts'
import type { Values } from './variables.ts'

/** Checks how long sessions live and what protects them; undefined with a problem. */
export function sessionSettings(
  values: Values,
  findings: Findings,
): Settings['session'] | undefined {
  const { SESSION_IDLE_SEC: idle, SESSION_MAX_AGE_SEC: maxAge } = values
  const secrets = secretSettings(values, findings)
  if (idle !== undefined && idle >= maxAge)
    findings.warn(
      'SESSION_IDLE_SEC',
      `${idle} never takes effect: a session ends after SESSION_MAX_AGE_SEC=${maxAge} anyway`,
    )
  if (!secrets) return
  return {
    secrets,
    maxAgeMs: maxAge * 1_000,
    ...(idle !== undefined && { idleMs: idle * 1_000 }),
    staleMs: values.SESSION_STALE_SEC * 1_000,
    withoutRefresh: values.SESSION_WITHOUT_REFRESH,
  }
}

/** Checks where sessions are kept. The value may hold a password, so no message quotes it. */
export function storeSettings(values: Values, findings: Findings): Settings['store'] | undefined {
  const text = values.STORE_URL
  const refuse = (message: string, example: string) =>
    findings.refuse('STORE_URL', message, example)
  if (/^sqlite:/i.test(text)) {
    // `sqlite:///data/x.db` is how others write an absolute path.
    const path = text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
    if (path === '' || path.startsWith('//') || path.includes('\0'))
      return refuse('names no file after sqlite:', 'sqlite:./data/gatehouse.db')
    return { kind: 'sqlite', path }
  }
  const url = /^(redis|valkey)s?:\/\/(?=[^/?#])/i.test(text) ? URL.parse(text) : null
  if (!url || url.hostname === '' || !isDecodable(url.username + url.password))
    return refuse(
      'is neither sqlite: and a path nor redis://, rediss://, valkey:// or valkeys:// and a host (special characters in a password percent-encoded)',
      'rediss://:password@valkey.example.com:6379/0',
    )
  if (!/^\/?\d{0,5}$/.test(url.pathname) || url.search !== '' || url.hash !== '')
    return refuse(
      'has more after the host than the number of a database',
      'redis://valkey.example.com:6379/0',
    )
  return { kind: 'valkey', url: text }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
