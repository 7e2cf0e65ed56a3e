/** A condition on who is asking, in a `when` or `unless`. */
export type Condition =
  | {
      readonly kind: 'attribute'
      readonly attribute: string
      readonly value: string
      /** Whether the attribute must not have the value. */
      readonly negated: boolean
    }
  /** Whether the one who asks is the `{owner}` in the path of the rule. */
  | { readonly kind: 'owner'; readonly negated: boolean }

const owner = /^user is (not )?owner$/
const inAttribute = /^user (not )?in ([A-Za-z_][\w.-]*) (\S.*)$/
const withValue = /^user with (\S.*?) (not )?in ([A-Za-z_][\w.-]*)$/

/**
 * Reads a condition: `user in teams X`, `user not in teams X`, `user with X in teams`,
 * `user with X not in teams`, `user is owner` or `user is not owner`. Undefined for anything else.
 */
export function readCondition(text: string): Condition | undefined {
  const plain = text.trim().replaceAll(/\s+/g, ' ')
  const owned = owner.exec(plain)
  if (owned) return { kind: 'owner', negated: owned[1] !== undefined }
  const listed = inAttribute.exec(plain)
  if (listed)
    return {
      kind: 'attribute',
      attribute: listed[2] ?? '',
      value: listed[3] ?? '',
      negated: listed[1] !== undefined,
    }
  const valued = withValue.exec(plain)
  if (valued)
    return {
      kind: 'attribute',
      attribute: valued[3] ?? '',
      value: valued[1] ?? '',
      negated: valued[2] !== undefined,
    }
  return
}
