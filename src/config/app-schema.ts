import { headerSets } from '../model/app.ts'
import { duration, texts, words } from './file-forms.ts'
import { rules } from './rule-schema.ts'

export const headerValue = {
  type: 'string',
  description:
    'Where the value comes from: `claims.` and the name or dotted path of a claim, or one of `sub`, `user_id`, `username`, `email`, `name`, `roles`, `groups`, `provider`, `session_id`, `expires_at` (Unix time at which the session, token or key ends).',
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

/** One app. */
export const app = {
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
          ...words,
          minItems: 1,
          description: 'Authentication context classes, one of which the sign-in must have.',
        },
        max_age: {
          ...duration,
          description: 'How long ago the sign-in may be, for example `15m`.',
        },
      },
    },
    rules: {
      ...rules,
      description: 'Rules for the app alone, before those of every app; as `rules`.',
    },
  },
} as const
