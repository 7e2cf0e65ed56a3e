import { expect, test } from 'vitest'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import type { Rule } from '../../../src/model/rule.ts'
import { authorize, type Claim } from '../../../src/validate/authorize.ts'
import { testRule } from '../../support/rule.ts'

const policies = { firstProvider: 'default', accessPolicy: [], claimsMapping: {} }

function claimOf(identity: Identity, rule: Rule): Claim {
  const match = { rule, parameters: {} }
  const none = { unlisted: undefined, only: undefined, missingScopes: undefined }
  return { identity, match, method: 'GET', ...none }
}

const kinds = ['user', 'service', 'anonymous'] as const

/** What each kind of caller gets: a pass, or the code of the refusal. */
const expected: Readonly<Record<Rule['access'], readonly (string | undefined)[]>> = {
  public: [undefined, undefined, undefined],
  optional: [undefined, undefined, undefined],
  user: [undefined, 'wrong_identity_kind', 'wrong_identity_kind'],
  service: ['wrong_identity_kind', undefined, 'wrong_identity_kind'],
  any: [undefined, undefined, 'wrong_identity_kind'],
  deny: ['forbidden', 'forbidden', 'forbidden'],
}

test.each(Object.entries(expected))('access: %s', (access, codes) => {
  const rule = testRule({ name: 'the rule', access: access as Rule['access'] })
  const answers = kinds.map((kind) => {
    const identity: Identity = { ...anonymous, kind }
    const missing = authorize(claimOf(identity, rule), policies)
    if (missing) expect(missing.reason).toContain('the rule')
    return missing?.code
  })
  expect(answers).toEqual(codes)
})
