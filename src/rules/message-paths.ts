import type { RuleMatches } from '../model/rule.ts'
import { type Path, readPath } from './path-readings.ts'
import type { Candidate, PathTries, RuleRequest, RuleTrie } from './rule-trie.ts'

/** What holds where the gateway itself denies. */
export const denying = (name: string, reason?: string): RuleMatches => [
  {
    rule: {
      name,
      access: 'deny',
      preflight: false,
      require: { roles: [], groups: [], scopes: [], when: [] },
      quota: {},
      ...(reason !== undefined && { reason }),
    },
    parameters: {},
  },
]

/** Whether a rule about messages names a path, however that is read. */
export function namesMessagesAt({ ofMessages }: RuleTrie, text: string): boolean {
  if (!ofMessages) return false
  const { readings, overEncoded } = readPath(text)
  return overEncoded || meets(ofMessages, readings, () => true)
}

/** Methods of older transports, which carry no message of a client. */
const withoutMessage = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

export const mayCarryMessage = (method: string): boolean => !withoutMessage.has(method)

/** What holds where rules are about messages and this one is not known. */
export function closedToMessage(
  ofMessages: PathTries,
  readings: Path['readings'],
  mcp: RuleRequest['mcp'],
): RuleMatches | undefined {
  if (mcp?.kind !== 'message') {
    if (!meets(ofMessages, readings, () => true)) return
    return denying(
      'MCP messages by their headers',
      `rules tell MCP messages apart here, and ${mcp?.reason ?? 'none is read'}`,
    )
  }
  const named = ({ compiled }: Candidate) => compiled.messages?.namesResources === true
  if (!mcp.odd || !meets(ofMessages, readings, named)) return
  return denying(
    'MCP messages by their headers',
    'rules tell MCP resources apart here, and the URI in Mcp-Name may be resolved to another one',
  )
}

function meets(
  tries: PathTries,
  readings: Path['readings'],
  accepts: (candidate: Candidate) => boolean,
): boolean {
  return readings.some(
    ({ segments, exact, folded }) =>
      (exact && tries.exact(segments, accepts) !== undefined) ||
      (folded && tries.folded(segments, accepts) !== undefined),
  )
}
