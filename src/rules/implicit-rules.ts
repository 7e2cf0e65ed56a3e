import type { Rule } from '../model/rule.ts'

/** What holds for every host where nothing else is said: a signed-in person. */
export const signedInRule: Rule = Object.freeze({ name: 'default', access: 'user' })

/** What holds with `AUTH_ENABLED=false`: everyone passes, as nobody. */
export const openRule: Rule = Object.freeze({ name: 'auth-disabled', access: 'public' })
