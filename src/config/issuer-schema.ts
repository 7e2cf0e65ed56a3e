import { duration, names, texts, words } from './file-forms.ts'

const client = {
  client_id: { type: 'string' },
  client_secret: {
    type: 'string',
    description: 'Better not in the file itself: a reference to a variable.',
  },
  client_auth: { type: 'string' },
  client_private_key: { type: 'string' },
} as const

/** One provider to sign in with. */
export const provider = {
  type: 'object',
  description: 'One provider; each key is the variable `OIDC_…` of the same name in lower case.',
  required: ['issuer', 'client_id'],
  additionalProperties: false,
  properties: {
    issuer: { type: 'string' },
    internal_url: { type: 'string' },
    ...client,
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

const marker = { ...names, minItems: 1 } as const

/** One issuer whose access tokens are taken. */
export const issuer = {
  type: 'object',
  description:
    'One issuer. Where it is the issuer of a provider, this speaks of the tokens of that provider, has its name, and what is unset here is as with the provider.',
  required: ['issuer'],
  additionalProperties: false,
  properties: {
    issuer: {
      type: 'string',
      description: 'As the tokens spell it in `iss`.',
      examples: ['https://partner.example/realms/main'],
    },
    audiences: {
      ...words,
      minItems: 1,
      description:
        'A token has one of them in `aud`. Required, except for the issuer of a provider with `AUTH_ALLOWED_AUDIENCES`, which then holds.',
    },
    algorithms: {
      ...words,
      minItems: 1,
      description:
        'Signature algorithms that are accepted, asymmetric ones only; all of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `ES512`, `EdDSA`, `Ed25519` where unset.',
    },
    jwks_uri: {
      type: 'string',
      description: 'Where its keys are, in place of what its metadata says.',
    },
    key_recheck: { ...duration, description: 'After how long keys are read again; `1h` if unset.' },
    internal_url: { type: 'string', description: 'As `OIDC_INTERNAL_URL`.' },
    ca: { type: 'string', description: 'As `OIDC_CA`.' },
    clients: {
      ...words,
      minItems: 1,
      description: 'Clients whose tokens are taken (`azp`, `client_id`); all if unset.',
    },
    required_scope: { ...words, description: 'Scopes beside those of `AUTH_REQUIRED_SCOPE`.' },
    introspection: {
      enum: ['off', 'opaque', 'always'],
      description:
        'Which tokens the issuer is asked about (RFC 7662): none, those that are no JWT, or all. An opaque token does not say whose it is, so one issuer at most is asked. If unset: `opaque` for the first provider whose client can prove itself, else `off`.',
    },
    ...client,
    allow: {
      ...texts,
      description:
        'Which of its users are let in; as `ALLOW`, and in place of it. Required where anyone can register.',
    },
    roles_claim: { ...names, description: 'Claims that hold roles; none if unset.' },
    groups_claim: { ...names, description: 'Claims that hold groups; none if unset.' },
    trust_claims: {
      type: 'boolean',
      description:
        "Whether own headers and the attributes of `claims_mapping` may use its claims; unless set, only those of providers: another issuer's mean something else.",
    },
    service: {
      type: 'object',
      additionalProperties: false,
      description: "What marks a token as a service's, besides the usual signs; any one value.",
      properties: {
        roles: { ...marker, description: 'Roles, for example `[service]`.' },
        typ: { ...marker, description: 'Values of the claim `typ`.' },
        gty: { ...marker, description: 'Values of `gty`, for example `[client-credentials]`.' },
        idtyp: { ...marker, description: 'Values of `idtyp`, for example `[app]`.' },
      },
    },
  },
} as const
