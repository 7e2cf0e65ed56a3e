import { randomBytes } from 'node:crypto'
import { checkCookieName } from '../../config/cookies.ts'
import { Findings } from '../../config/problem.ts'
import type { Migration } from './migration.ts'

const storeFile = '/run/secrets/store_url'
const unitSec: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1 }
const longestSec = 34_560_000

/** Sessions begin anew: a secret of their own, and a store in place of what the cookie held. */
export function migrateSessions(migration: Migration): void {
  migration.set(
    'SESSION_SECRET',
    randomBytes(32).toString('base64url'),
    'A fresh one: the old cookie_secret opens nothing here, and everybody signs in once more.',
  )
  lifetime(migration)
  store(migration)
  cookie(migration)
}

function lifetime(migration: Migration): void {
  const written = migration.options.text('cookie_expire')
  const seconds = written === undefined ? 604_800 : secondsOf(written)
  if (seconds === undefined || seconds < 1)
    migration.leave(
      'SESSION_MAX_AGE_SEC is its default, seven hours: sessions have an end',
      'cookie_expire',
    )
  else
    migration.set(
      'SESSION_MAX_AGE_SEC',
      String(Math.min(seconds, longestSec)),
      'Without a refresh token a session ends with its access token, unless SESSION_WITHOUT_REFRESH=max_age.',
    )
}

/** As Go writes durations: `168h0m0s`. */
function secondsOf(text: string): number | undefined {
  if (!/^(?:\d+[hms])+$/.test(text)) return /^0+$/.test(text) ? 0 : undefined
  const parts = text.matchAll(/(\d+)([hms])/g)
  return [...parts].reduce((sum, [, n, unit]) => sum + Number(n) * (unitSec[unit ?? ''] ?? 0), 0)
}

function store(migration: Migration): void {
  const { options } = migration
  const type = options.text('session_store_type') ?? 'cookie'
  const url = options.text('redis_connection_url')
  if (type !== 'redis')
    migration.set(
      'STORE_URL',
      'sqlite:/data/gatehouse.db',
      'A file for one replica; a Valkey or Redis server for several.',
    )
  else {
    const parsed = URL.parse(url ?? '')
    const given = [
      options.text('redis_password'),
      parsed?.username,
      parsed?.password,
      parsed?.search,
    ]
    if (parsed && !given.some(Boolean) && /^rediss?:$/.test(parsed.protocol))
      migration.set('STORE_URL', url ?? '')
    else
      migration.set(
        'STORE_URL_FILE',
        storeFile,
        'Put there the URL of the server with its password: rediss://:password@valkey.example.com:6379/0',
      )
  }
}

function cookie(migration: Migration): void {
  const { options, variables } = migration
  const name = options.text('cookie_name')
  if (name !== undefined) {
    const secure = variables.some(
      ({ name, value }) => name === 'PUBLIC_URL' && /^https:/.test(value),
    )
    const findings = new Findings()
    const wide = variables.some((one) => one.name === 'COOKIE_DOMAIN')
    checkCookieName(name, secure, secure && !wide, findings)
    if (findings.problems.length === 0) migration.set('SESSION_COOKIE_NAME', name)
    else
      migration.leave('is no name that browsers take here: the gateway chooses one', 'cookie_name')
  }
  const sameSite = options.text('cookie_samesite')
  if (sameSite === 'none') migration.set('COOKIE_SAMESITE', 'none')
  if (sameSite === 'strict')
    migration.leave(
      'would keep the cookie back when the browser comes from the provider: it is lax',
      'cookie_samesite',
    )
}
