import { type Findings, quoted } from './problem.ts'
import type { ProviderSettings } from './settings.ts'
import type { Values } from './variables.ts'

type AuthorizationSettings = Pick<
  ProviderSettings,
  'scopes' | 'prompt' | 'authorizationParams' | 'pushedAuthorizationRequests'
>

/** Parameters the gateway sets itself: another value would break the protocol or its protection. */
const ownParameters = new Set([
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
])

/** Checks what the gateway asks the provider for (OpenID Connect Core section 3.1.2.1). */
export function authorizationSettings(values: Values, findings: Findings): AuthorizationSettings {
  const { prompt: promptParameter, ...authorizationParams } = parameters(
    values.OIDC_AUTHORIZATION_PARAMS ?? '',
    findings,
  )
  const prompt = promptSetting(values.OIDC_PROMPT, promptParameter, findings)
  return {
    scopes: scopes(values.OIDC_SCOPES, findings),
    ...(prompt !== undefined && { prompt }),
    authorizationParams,
    pushedAuthorizationRequests: values.OIDC_PAR,
  }
}

function scopes(text: string, findings: Findings): string {
  const names = [...new Set(text.split(/\s+/))]
  const refuse = (message: string) =>
    findings.refuse('OIDC_SCOPES', message, 'openid profile email')
  // RFC 6749 section 3.3; a comma would be legal, but in a list it is a mistake.
  const odd = names.find((name) => !/^[!#-+\--[\]-~]+$/.test(name))
  if (odd !== undefined) refuse(`${quoted(odd)} is not a scope; separate scopes by spaces`)
  else if (!names.includes('openid'))
    refuse('lacks openid, without which the provider says nothing about who signed in')
  return names.join(' ')
}

function promptSetting(
  text: string | undefined,
  parameter: string | undefined,
  findings: Findings,
): string | undefined {
  if (text !== undefined && parameter !== undefined && text !== parameter)
    return findings.refuse(
      'OIDC_PROMPT',
      'and prompt in OIDC_AUTHORIZATION_PARAMS give different values; keep one of them',
    )
  const prompt = text ?? parameter
  if (prompt === undefined) return
  const words = prompt.split(/\s+/)
  const odd = words.find((word) => !['none', 'login', 'consent', 'select_account'].includes(word))
  if (odd !== undefined)
    return findings.refuse(
      'OIDC_PROMPT',
      `${quoted(odd)} is none of none, login, consent, select_account`,
      'select_account',
    )
  if (words.length > 1 && words.includes('none'))
    return findings.refuse('OIDC_PROMPT', 'none stands alone or not at all', 'select_account')
  return words.join(' ')
}

function parameters(text: string, findings: Findings): Readonly<Record<string, string>> {
  const entries = [...new URLSearchParams(text)]
  const refuse = (message: string) =>
    findings.refuse('OIDC_AUTHORIZATION_PARAMS', message, 'access_type=offline&prompt=consent')
  const names = new Set<string>()
  for (const [name] of entries) {
    if (!/^[A-Za-z][\w.:-]*$/.test(name)) refuse(`${quoted(name)} is not the name of a parameter`)
    else if (ownParameters.has(name)) refuse(`${name} is set by the gateway itself; remove it`)
    else if (names.has(name)) refuse(`${name} is there twice`)
    names.add(name)
  }
  return Object.fromEntries(entries)
}
