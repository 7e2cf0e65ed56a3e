import type { XStatic } from 'typebox/schema'
import { app, headerValue } from './app-schema.ts'
import { namePattern, texts } from './file-forms.ts'
import { issuer, provider } from './issuer-schema.ts'
import { mcp } from './mcp-schema.ts'
import { accessPolicy, claimsMapping, keys, quota } from './policy-schema.ts'
import { defaultRule, rules } from './rule-schema.ts'

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
    issuers: {
      type: 'object',
      description:
        'Issuers whose access tokens are taken, beside those of `AUTH_TRUSTED_ISSUERS`, by their names.',
      propertyNames: { pattern: namePattern },
      additionalProperties: issuer,
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
    rules: {
      ...rules,
      description:
        'What requests must bring: the first rule that matches holds, those of the app before these.',
    },
    default: {
      ...defaultRule,
      description: 'What holds where no rule matches.',
    },
    access_policy: {
      ...accessPolicy,
      description:
        'Judges requests to which a rule gives a `resource`: what a statement forbids is refused, then what one permits passes, the rest is refused.',
    },
    claims_mapping: {
      ...claimsMapping,
      description:
        'From claims to the attributes that conditions ask about; several claims may feed one attribute. It changes no identity header.',
    },
    quota: {
      ...quota,
      description: 'Limits of all requests of a caller together, public ones aside.',
    },
    mcp: {
      ...mcp,
      description: 'Resources of the Model Context Protocol, by names of yours.',
    },
    keys: { ...keys, description: 'API keys, each for a service of its name.' },
    admins: {
      ...texts,
      description:
        'Verified e-mail addresses of people who get the role `admin`, of the first provider only.',
    },
  },
} as const

/** The file as typed values. */
export type ConfigFile = XStatic<typeof fileSchema>
