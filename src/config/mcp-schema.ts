import { namePattern, scopePattern, words } from './file-forms.ts'

const resource = {
  type: 'object',
  required: ['resource'],
  additionalProperties: false,
  properties: {
    resource: {
      type: 'string',
      description:
        'Its canonical URI: scheme, host of an app and path, without a slash at the end. What is below the path belongs to it.',
      examples: ['https://app.example.com/mcp'],
    },
    title: { type: 'string', minLength: 1, description: 'Its name for people.' },
    issuers: {
      ...words,
      minItems: 1,
      description:
        'Names of the issuers or providers whose tokens it takes; the first one if unset.',
    },
    scopes: {
      type: 'array',
      items: { type: 'string', pattern: scopePattern },
      description: 'What every request needs, and what clients are told to ask for.',
    },
    audiences: {
      ...words,
      minItems: 1,
      description:
        'A token has one of them in `aud`; `resource` if unset. A token that has only such an audience is good here alone.',
    },
    client_registration: {
      type: 'boolean',
      description:
        'Whether older clients may register at the first issuer by way of the gateway (RFC 7591). `false` if unset.',
    },
  },
} as const

/** Protected resources that speak MCP. */
export const mcp = {
  type: 'object',
  propertyNames: { pattern: namePattern },
  additionalProperties: resource,
} as const
