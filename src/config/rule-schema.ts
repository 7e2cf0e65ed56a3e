import { proofKinds } from '../model/credential.ts'
import { accesses } from '../model/rule.ts'
import { beginningPattern, limitPattern, names, texts, words } from './file-forms.ts'

const limit = { type: 'string', pattern: limitPattern } as const

/** Limits by who is asking. */
export const limits = {
  user: { ...limit, description: 'Of each user, for example `1000/day`.' },
  service: { ...limit, description: 'Of each service.' },
  anonymous: { ...limit, description: 'Of each address that nobody signed in from.' },
} as const

const quota = {
  type: 'object',
  additionalProperties: false,
  description:
    'How many requests each caller has: a number, a slash and `second`, `minute`, `hour` or `day`.',
  properties: limits,
} as const

const allow = {
  ...texts,
  minItems: 1,
  description: 'Who is let in, any one of; entries as in `ALLOW`, and `service:`.',
} as const

const credentials = {
  type: 'array',
  items: { enum: proofKinds },
  minItems: 1,
  description:
    'Which credentials count: some of `session`, `bearer`, `key`; the others are as if they were not sent. All if unset.',
} as const

const require = {
  type: 'object',
  additionalProperties: false,
  description: 'What who is asking must have; different keys must all hold.',
  properties: {
    roles: { ...names, description: 'Any one of these roles.' },
    groups: { ...names, description: 'Any one of these groups.' },
    scopes: { ...words, description: 'All of these scopes.' },
    when: {
      ...texts,
      description:
        'All of these conditions: `user in ATTRIBUTE VALUE`, `user not in …`, `user with VALUE in ATTRIBUTE`, `user with VALUE not in …`, `user is owner` (of the `{owner}` in the path), `user is not owner`.',
      examples: [['user in teams platform']],
    },
  },
} as const

const patterns = (what: string) =>
  ({
    type: 'array',
    items: { type: 'string', pattern: beginningPattern },
    minItems: 1,
    description: `${what}; any one of them. A \`*\` at the end stands for any rest.`,
  }) as const

const mcp = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  description:
    'MCP messages, by the headers of protocol version 2026-07-28 and later. On the `paths` of such a rule, which it needs, other messages are 403.',
  properties: {
    methods: patterns('JSON-RPC methods, for example `[tools/call]`'),
    tools: patterns('Names of tools that are called'),
    resources: patterns('URIs of resources that are read'),
    prompts: patterns('Names of prompts that are got'),
  },
} as const

const match = {
  type: 'object',
  additionalProperties: false,
  description: 'Which requests the rule is about: all keys must fit; without any, every request.',
  properties: {
    hosts: { ...texts, minItems: 1, description: 'As `APP_HOSTS`; any one of them.' },
    paths: {
      ...texts,
      minItems: 1,
      description:
        'Any one of them. Segments are texts, `*` (any one segment), `**` (any number, also none) or `{name}` (any one, with a name for `resource`). They are no regular expressions, and the query does not count.',
      examples: [['/admin/**', '/v1/models/{id}']],
    },
    methods: { ...texts, minItems: 1, description: 'HTTP methods, for example `[GET, HEAD]`.' },
    networks: {
      ...texts,
      minItems: 1,
      description: 'Addresses and CIDRs of clients, for example `[10.0.0.0/8]`.',
    },
    mcp,
  },
} as const

const rule = {
  type: 'object',
  required: ['access'],
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      pattern: '^\\S(.*\\S)?$',
      description: 'For logs and quotas, no two alike; its place in the file if unset.',
    },
    match,
    access: {
      enum: accesses,
      description:
        'Whom it is open to: `public` everyone, who is not looked at; `optional` everyone, and who is signed in is known; `user` people; `service` programs; `any` both; `deny` nobody.',
    },
    preflight: {
      type: 'boolean',
      description: 'Whether CORS preflights pass, as nobody. `false` if unset.',
    },
    credentials,
    query_token: {
      type: 'string',
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.~-]{0,63}$',
      description:
        'Name of a query parameter whose value counts as an access token where there is no `Authorization` header: for browsers that open a WebSocket, which can send none. No other request may bring a token so.',
      examples: ['access_token'],
    },
    allow,
    require,
    resource: {
      type: 'string',
      description:
        'What is asked for, judged by `access_policy`: a type, `::` and a name, with `{parameters}` of the path.',
      examples: ['models::{id}'],
    },
    quota,
  },
} as const

/** Rules in their order. */
export const rules = { type: 'array', items: rule } as const

/** What holds where no rule matches. */
export const defaultRule = {
  type: 'object',
  additionalProperties: false,
  properties: {
    access: {
      enum: ['user', 'service', 'any', 'deny'],
      description: '`user` if unset. What is public needs a rule with paths.',
    },
    allow,
    require,
    credentials,
    quota,
  },
} as const

/** What is wrong with a word that is none of a list, where there is more to say than the list. */
export const enumAdvice: ReadonlyMap<unknown, string> = new Map([
  [
    defaultRule.properties.access.enum,
    'what is public or optional needs a rule with paths, so that nothing is open by oversight',
  ],
])
