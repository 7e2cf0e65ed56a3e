import { actions } from '../model/access-policy.ts'
import { attributePattern, namePattern, names, textPattern, texts, words } from './file-forms.ts'
import { limits } from './rule-schema.ts'

const scope = {
  type: 'object',
  required: ['actions', 'resource'],
  additionalProperties: false,
  properties: {
    actions: {
      type: 'array',
      items: { enum: actions },
      minItems: 1,
      description:
        'Some of `read` (GET, HEAD), `write` (POST, PUT, PATCH, DELETE), `create` (POST), `update` (PUT, PATCH), `delete` (DELETE).',
    },
    resource: {
      type: 'string',
      description: 'A resource, or all that begin alike: a `*` at the end.',
      examples: ['models::*'],
    },
  },
} as const

const conditions = { anyOf: [texts, { type: 'string' }] } as const

const statement = {
  type: 'object',
  additionalProperties: false,
  properties: {
    permit: { ...scope, description: 'What is permitted; either this or `forbid`.' },
    forbid: { ...scope, description: 'What is forbidden, whatever else permits it.' },
    when: { ...conditions, description: 'It holds only where all of these conditions do.' },
    unless: { ...conditions, description: 'It does not hold where one of these conditions does.' },
    description: { type: 'string', description: 'For readers of the file.' },
  },
} as const

/** The statements that judge the resources of rules. */
export const accessPolicy = { type: 'array', minItems: 1, items: statement } as const

/** From claims to attributes. */
export const claimsMapping = {
  type: 'object',
  propertyNames: { pattern: textPattern },
  additionalProperties: {
    type: 'string',
    pattern: attributePattern,
    description: 'The attribute that the claim (a name or dotted path) feeds.',
    examples: ['teams'],
  },
} as const

const requests = { type: 'integer', minimum: 1, maximum: 999_999_999 } as const

/** Limits of all requests. */
export const quota = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...limits,
    authenticated_max_requests: {
      ...requests,
      description: 'Of each user and of each service, in each `period`.',
    },
    anonymous_max_requests: {
      ...requests,
      description: 'Of each address that nobody signed in from, in each `period`.',
    },
    period: {
      enum: ['second', 'minute', 'hour', 'day'],
      description: 'Of these two; `day` if unset.',
    },
  },
} as const

/** API keys. */
export const keys = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'hash', 'expires'],
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: namePattern, description: 'The service that it proves.' },
      hash: {
        type: 'string',
        description: '`sha256:` and the hash of the key, as `gatehouse key new NAME` prints it.',
      },
      roles: { ...names, description: 'Roles of the service.' },
      groups: { ...names, description: 'Its groups.' },
      scopes: { ...words, description: 'Its scopes.' },
      expires: {
        type: 'string',
        description: 'The first day on which it does not count any more (UTC), or a time.',
        examples: ['2027-06-30', '2027-06-30T12:00:00Z'],
      },
    },
  },
} as const
