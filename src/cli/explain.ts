import { readFileSync } from 'node:fs'
import type { Environment } from '../config/environment.ts'
import { loadSettings } from '../config/load.ts'
import { renderProblem } from '../config/problem.ts'
import { codes } from '../model/codes.ts'
import type { Decision } from '../model/decision.ts'
import type { Identity } from '../model/identity.ts'
import type { RuleMatch } from '../model/rule.ts'
import { drawsOf } from '../quotas/draws.ts'
import { checks } from '../validate/authorize.ts'
import { countedRules } from '../validate/count-request.ts'
import { identityFrom } from './explain-identity.ts'
import { type Explained, explained, type Question } from './explained.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/**
 * Prints which rule a request meets, each check with its outcome, and the answer that `/validate` would
 * give. It asks issuers about a token as the gateway would, and counts nothing.
 */
export async function explain(
  question: Question,
  env: Environment,
  terminal: Terminal,
): Promise<number> {
  const loaded = loadSettings(env)
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) terminal.error(renderProblem(problem))
    return exitCodes.configuration
  }
  const { settings } = loaded
  const identity = question.as === undefined ? undefined : identityOf(question.as, settings)
  if (typeof identity === 'string') return refuse(`${question.as} ${identity}`, terminal)
  const answer = await explained(question, identity, settings)
  if (typeof answer === 'string') return refuse(answer, terminal)
  for (const line of linesOf(answer, question)) terminal.out(line)
  return exitCodes.ok
}

function identityOf(path: string, settings: Parameters<typeof identityFrom>[1]) {
  try {
    return identityFrom(readFileSync(path, 'utf8'), settings)
  } catch {
    return 'cannot be read'
  }
}

function refuse(message: string, terminal: Terminal): number {
  terminal.error(`gatehouse: ${message}`)
  return exitCodes.usage
}

function linesOf(answer: Explained, { method, url }: Question): string[] {
  const { app, matches, identity, decision } = answer
  return [
    `${method} ${url}`,
    fact('app', app ?? 'none: the host is not one of them'),
    ...matches.map(({ rule, parameters }, i) =>
      fact(i === 0 ? 'rule' : 'and, read otherwise', ruleText(rule, parameters)),
    ),
    fact('identity', identity ? identityText(identity) : 'none is needed, or none was proven'),
    ...(identity ? matches.flatMap((match) => checkLines(match, identity, answer)) : []),
    ...(identity ? quotaLines(identity, answer) : []),
    fact('answer', answerText(decision)),
  ]
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(20)} ${text}`
}

function ruleText({ name, access }: RuleMatch['rule'], parameters: RuleMatch['parameters']) {
  const given = Object.entries(parameters).map(([key, value]) => `${key}=${value}`)
  return [`${name} (access: ${access})`, ...given].join(', ')
}

function identityText(identity: Identity): string {
  const { kind, username, clientId, subject, provider, source } = identity
  const name = kind === 'service' ? clientId : username || subject
  const lists = (['roles', 'groups', 'scopes'] as const)
    .filter((list) => identity[list].length > 0)
    .map((list) => `${list} ${identity[list].join(', ')}`)
  const who = kind === 'anonymous' ? kind : `${kind} ${name} of ${provider}, by ${source}`
  return [who, ...lists].join('; ')
}

const longestCheck = Math.max(...checks.map(({ name }) => name.length))

function checkLines(match: RuleMatch, identity: Identity, answer: Explained): string[] {
  const { policies, unlisted, missingScopes, resourceScopes, request } = answer
  const claim = {
    identity,
    match,
    method: request.method,
    unlisted,
    only: undefined,
    missingScopes,
    resourceScopes,
  }
  const width = match.rule.name.length + longestCheck + 3
  return checks.map(({ name, missing }) => {
    const lacks = missing(claim, policies)
    return `    ${`${match.rule.name}: ${name}`.padEnd(width)} ${lacks ? `fails: ${lacks.reason}` : 'ok'}`
  })
}

function quotaLines(identity: Identity, { matches, request, quota }: Explained): string[] {
  const rules = countedRules(matches, request)
  if (rules.length === 0) return []
  const { clientAddress } = request
  return drawsOf({ identity, clientAddress, rules, overall: quota }).map(({ name, limit }) =>
    fact('counts against', `${name}: ${limit.requests} in ${limit.windowMs / 1_000} s`),
  )
}

function answerText(decision: Decision): string {
  if (decision.kind === 'allow') return '200'
  const { code, reason } = decision
  return `${codes[code].status} ${code}: ${reason}`
}
