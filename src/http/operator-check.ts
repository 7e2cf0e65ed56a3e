import { createHash, timingSafeEqual } from 'node:crypto'

/** Why an operator's request is refused. */
export type OperatorFault = 'unauthenticated' | 'invalid_token'

/**
 * Checks the `Authorization` header of operators' routes. Digests are compared, each of them whole: how
 * long it takes says nothing of the tokens, nor how long they are.
 */
export function operatorCheck(
  tokens: readonly string[],
): (authorization: string | undefined) => OperatorFault | undefined {
  const known = tokens.map(digest)
  return (authorization) => {
    if (authorization === undefined) return 'unauthenticated'
    const offered = digest(/^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '')
    const equal = known.filter((token) => timingSafeEqual(token, offered))
    return equal.length > 0 ? undefined : 'invalid_token'
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
