import type { RuleSettings } from '../../src/config/settings.ts'
import type { Rule } from '../../src/model/rule.ts'

/** A rule for signed-in people that asks for nothing more, with changes. */
export function testRule(changes: Partial<Rule> = {}): Rule {
  return {
    name: 'default',
    access: 'user',
    preflight: false,
    require: { roles: [], groups: [], scopes: [], when: [] },
    quota: {},
    ...changes,
  }
}

/** The same about some requests. */
export function testRuleFor(
  match: RuleSettings['match'],
  changes: Partial<Rule> = {},
): RuleSettings {
  return { ...testRule(changes), match }
}
