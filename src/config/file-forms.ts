/** Names of providers, issuers, apps and keys: they stand in URLs, variables and headers. */
export const namePattern = '^[a-z][a-z0-9-]{0,31}$'
export const durationPattern = '^[1-9][0-9]{0,6}[smhd]$'
export const wordPattern = '^\\S+$'
export const textPattern = '^\\S(.*\\S)?$'
export const attributePattern = '^[A-Za-z_][\\w.-]*$'
/** A text, or a beginning of one with a `*` after. */
export const beginningPattern = '^(?!\\s)[^*]*[^*\\s]\\*?$|^\\*$'
/** RFC 6749 appendix A.4. */
export const scopePattern = '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$'
export const limitPattern = '^[1-9][0-9]{0,8}/(s|second|min|minute|h|hour|d|day)$'

/** What is wrong with a text that does not fit a pattern of the schema. */
export const patternFaults: Readonly<Record<string, string>> = {
  [namePattern]: 'is no name: up to 32 lower-case letters, digits and "-", a letter first',
  [durationPattern]: 'is not a duration such as 90s, 15m, 8h or 30d',
  [wordPattern]: 'is empty or has white space',
  [textPattern]: 'is empty, or begins or ends with white space',
  [attributePattern]:
    'is no attribute: letters, digits, "_", "." and "-", a letter or "_" first, as roles or teams',
  [beginningPattern]:
    'is neither a text nor a beginning with a * after it; a * stands at the end alone',
  [scopePattern]: 'is no scope: visible ASCII characters without quotation marks and backslashes',
  [limitPattern]: 'is no limit such as 1000/day, 100/hour, 60/minute or 10/second',
}

/** What to write in place of keys that operators know from elsewhere. */
export const foreignKeys: Readonly<Record<string, string>> = {
  principal: 'is not known; say in when whom a statement is about: user with VALUE in ATTRIBUTE',
  kvstore: 'is not known; requests are counted in the store of STORE_URL',
}

export const texts = { type: 'array', items: { type: 'string' } } as const
/** Names of roles and groups, and other texts that are compared as they are. */
export const names = { type: 'array', items: { type: 'string', pattern: textPattern } } as const
/** Scopes, audiences and the like. */
export const words = { type: 'array', items: { type: 'string', pattern: wordPattern } } as const
export const duration = { type: 'string', pattern: durationPattern } as const
