import { appMatcher } from './host-matcher.ts'
import { type Findings, quoted } from './problem.ts'
import type { AppSettings, Sites } from './settings.ts'
import { isPlainPath } from './urls.ts'
import type { Values } from './variables.ts'

const defaultPath = '/auth'
const takenPaths = ['/validate', '/health', '/session', '/api', '/.well-known']

/**
 * Checks where the public routes are: a path that no other route of the gateway has. A refused one
 * leaves the default for the checks that follow.
 */
export function authPathSetting(values: Values, findings: Findings): string {
  const path = values.AUTH_PATH.replace(/\/$/, '')
  const taken = takenPaths.includes(path) || /^\/(validate|\.well-known)\//.test(path)
  if (isPlainPath(path) && !taken) return path
  const fault = taken ? 'is a route of the gateway; choose another' : 'is not a plain path'
  findings.refuse('AUTH_PATH', `${quoted(values.AUTH_PATH)} ${fault}`, defaultPath)
  return defaultPath
}

/** Checks where sign-in and sign-out end when the browser named no return URL. */
export function landingSettings(
  values: Values,
  sites: Sites,
  apps: readonly AppSettings[],
  authPath: string,
  findings: Findings,
): { readonly postLoginUrl: string; readonly postLogoutUrl: string } {
  for (const name of ['POST_LOGIN_URL', 'POST_LOGOUT_URL'] as const) {
    const text = values[name]
    const fault = text === undefined ? undefined : faultOf(text, sites, apps, authPath)
    if (text !== undefined && fault !== undefined)
      findings.refuse(name, `${quoted(text)} ${fault}`, '/')
  }
  return {
    postLoginUrl: values.POST_LOGIN_URL,
    postLogoutUrl: values.POST_LOGOUT_URL ?? `${sites[0].basePath}${authPath}/logged-out`,
  }
}

function faultOf(
  text: string,
  sites: Sites,
  apps: readonly AppSettings[],
  authPath: string,
): string | undefined {
  const [site] = sites
  const isPath = /^\/(?![/\\])/.test(text)
  const url = URL.parse(isPath ? site.origin + text : text)
  if (!url || /[\s\\\p{Cc}]/u.test(text) || !(isPath || /^https?:\/\/[^/]/i.test(text)))
    return 'is neither a path that starts with one slash nor an absolute URL'
  if (url.username !== '' || url.password !== '') return 'carries credentials'
  if (url.protocol !== (site.secure ? 'https:' : 'http:'))
    return `does not have the scheme of PUBLIC_URL, ${site.origin}`
  const ownPage = sites.some(({ host }) => host === url.host)
  if (!ownPage && !appMatcher(apps, sites)(url.host))
    return `is on a host that is neither PUBLIC_URL's nor in APP_HOSTS; add ${url.host} there`
  const names = ['login', 'logout', 'callback', 'continue-signin', 'start', 'sign_in', 'sign_out']
  const steps = names.flatMap((step) =>
    ['', '/api'].map((prefix) => `${site.basePath}${prefix}${authPath}/${step}`),
  )
  if (ownPage && steps.includes(url.pathname)) return 'is a step of sign-in or sign-out itself'
  return undefined
}
