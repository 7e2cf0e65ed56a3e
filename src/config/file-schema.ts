import type { XStatic } from 'typebox/schema'
import { headerSets } from '../model/app.ts'

const texts = { type: 'array', items: { type: 'string' } } as const

/** Names of providers and apps: they stand in URLs, variables and headers. */
export const namePattern = '^[a-z][a-z0-9-]{0,31}$'
const durationPattern = '^[1-9][0-9]{0,6}[smhd]$'
const wordPattern = '^\\S+$'

/** What is wrong with a text that does not fit a pattern of the schema. */
export const patternFaults: Readonly<Record<string, string>> = {
  [namePattern]: 'is no name: up to 32 lower-case letters, digits and "-", a letter first',
  [durationPattern]: 'is not a duration such as 90s, 15m, 8h or 30d',
  [wordPattern]: 'is empty or has white space',
}

const headerValue = {
  type: 'string',
  description:
    'Where the value comes from: `claims.` and the name or dotted path of a claim, or one of `sub`, `user_id`, `username`, `email`, `name`, `roles`, `groups`, `provider`, `session_id`.',
  examples: ['claims.department'],
} as const

const headers = {
  description:
    'Identity headers under own names: a header and where its value comes from. A list names the sets to send (as `IDENTITY_HEADERS`) and may hold such maps beside them; a map alone adds to the sets of `IDENTITY_HEADERS`.',
  anyOf: [
    {
      type: 'array',
      items: {
        anyOf: [{ enum: headerSets }, { type: 'object', additionalProperties: headerValue }],
      },
    },
    { type: 'object', additionalProperties: headerValue },
  ],
} as const

const provider = {
  type: 'object',
  description: 'One provider; each key is the variable `OIDC_…` of the same name in lower case.',
  required: ['issuer', 'client_id'],
  additionalProperties: false,
  properties: {
    issuer: { type: 'string' },
    internal_url: { type: 'string' },
    client_id: { type: 'string' },
    client_secret: {
      type: 'string',
      description: 'Better not in the file itself: a reference to a variable.',
    },
    client_auth: { type: 'string' },
    client_private_key: { type: 'string' },
    ca: { type: 'string' },
    label: { type: 'string' },
    scopes: { type: 'string' },
    prompt: { type: 'string' },
    authorization_params: { type: 'string' },
    par: { type: 'boolean' },
    allow: { ...texts, description: 'As `ALLOW`, and in place of it.' },
    roles_claim: { ...texts, description: 'As `AUTH_ROLES_CLAIM`; an empty list for none.' },
    groups_claim: { ...texts, description: 'As `AUTH_GROUPS_CLAIM`; an empty list for none.' },
  },
} as const

const app = {
  type: 'object',
  required: ['hosts'],
  additionalProperties: false,
  properties: {
    hosts: { ...texts, minItems: 1, description: 'As `APP_HOSTS`.' },
    allow: {
      ...texts,
      description: 'Who may use the app, any one of; entries as in `ALLOW`, and `service:`.',
    },
    headers,
    token: { enum: ['off', 'access', 'id'], description: 'As `PASS_TOKEN`.' },
    audience: {
      type: 'string',
      description: '`aud` of the assertion for the app; its host where unset.',
    },
    sign_in: {
      type: 'object',
      additionalProperties: false,
      properties: {
        providers: { ...texts, minItems: 1, description: 'Only sessions of these providers.' },
        acr: {
          type: 'array',
          items: { type: 'string', pattern: wordPattern },
          minItems: 1,
          description: 'Authentication context classes, one of which the sign-in must have.',
        },
        max_age: {
          type: 'string',
          pattern: durationPattern,
          description: 'How long ago the sign-in may be, for example `15m`.',
        },
      },
    },
  },
} as const

/** What `CONFIG_FILE` may hold, as JSON Schema 2020-12: the single source of its types and reference. */
export const fileSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Gatehouse configuration file',
  type: 'object',
  additionalProperties: false,
  properties: {
    providers: {
      type: 'object',
      description: 'Providers to sign in with, beside those of the environment, by their names.',
      propertyNames: { pattern: namePattern },
      additionalProperties: provider,
    },
    headers: {
      type: 'object',
      description: 'Identity headers under own names, for every app.',
      additionalProperties: headerValue,
    },
    apps: {
      type: 'object',
      description: 'The apps by their names, in place of `APP_HOSTS`.',
      minProperties: 1,
      propertyNames: { pattern: namePattern },
      additionalProperties: app,
    },
  },
} as const

/** The file as typed values. */
export type ConfigFile = XStatic<typeof fileSchema>
