import type { Environment } from '../../../src/config/environment.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { renderProblem } from '../../../src/config/problem.ts'
import type { Settings } from '../../../src/config/settings.ts'

export const secret = 'Jx2-kd93_sdkFj39dKslw03jdkWlw93kDlsw02kdQsp'
export const otherSecret = 'w8Zt_0pQm5-LrY2vKc7NdXa1BfGhTjUeSo9Ri3Mq6Wz'

/** The least a gateway starts with. */
export const complete: Environment = {
  PUBLIC_URL: 'https://auth.example.com',
  OIDC_ISSUER: 'https://idp.example.com/realms/main',
  OIDC_CLIENT_ID: 'gatehouse',
  OIDC_CLIENT_SECRET: 'of-the-client',
  SESSION_SECRET: secret,
}

/** Files by their path; every other path cannot be read. */
export type Files = Readonly<Record<string, string>>

export function load(env: Environment, files: Files = {}) {
  return loadSettings(env, (path) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return text
  })
}

/** The settings of the complete environment with changes; throws where they are refused. */
export function settingsOf(changes: Environment = {}, files?: Files): Settings {
  const loaded = load({ ...complete, ...changes }, files)
  if (loaded.kind === 'ok') return loaded.settings
  throw new Error(loaded.problems.map(renderProblem).join('\n'))
}

/** The problems of the complete environment with changes, each on its line. */
export function problemsOf(changes: Environment, files?: Files): string[] {
  const loaded = load({ ...complete, ...changes }, files)
  return loaded.kind === 'ok' ? [] : loaded.problems.map(renderProblem)
}

/** The warnings of the complete environment with changes, each on its line. */
export function warningsOf(changes: Environment, files?: Files): string[] {
  return load({ ...complete, ...changes }, files).warnings.map(renderProblem)
}

const inFile = { COOKIE_DOMAIN: 'example.com', CONFIG_FILE: '/f' }

/** The same with a configuration file. */
export const settingsWith = (file: string, changes: Environment = {}): Settings =>
  settingsOf({ ...inFile, ...changes }, { '/f': file })
export const problemsWith = (file: string, changes: Environment = {}): string[] =>
  problemsOf({ ...inFile, ...changes }, { '/f': file })
export const warningsWith = (file: string, changes: Environment = {}): string[] =>
  warningsOf({ ...inFile, ...changes }, { '/f': file })
