/** The identity headers of every 200, in the order in which signatures cover them. */
export const identityHeaderNames = [
  'x-user-id',
  'x-username',
  'x-user-email',
  'x-user-name',
  'x-user-roles',
  'x-user-groups',
  'x-user-scopes',
  'x-session-id',
  'x-client-id',
  'x-auth-source',
  'x-auth-kind',
  'x-auth-provider',
  'x-service-name',
  'x-service-id',
  'x-service-roles',
  'x-request-id',
  'x-auth-truncated',
] as const

/** What a signature of a request covers of its identity headers, in this order. */
export const signedHeaderNames = identityHeaderNames.flatMap((name) =>
  name === 'x-request-id' ? ['x-request-id', 'x-auth-assertion'] : [name],
)

/** The headers of a signature. */
export const signatureHeaderNames = ['x-authz-signature', 'x-authz-ts', 'x-authz-kid'] as const

/** The headers of the other sets, with what each holds. */
export const setHeaders = {
  remote: {
    'remote-user': 'username',
    'remote-email': 'email',
    'remote-name': 'name',
    'remote-groups': 'groups',
  },
  'x-auth-request': {
    'x-auth-request-user': 'user_id',
    'x-auth-request-email': 'email',
    'x-auth-request-preferred-username': 'username',
    'x-auth-request-groups': 'groups',
  },
  'x-forwarded': {
    'x-forwarded-user': 'user_id',
    'x-forwarded-email': 'email',
    'x-forwarded-preferred-username': 'username',
    'x-forwarded-groups': 'groups',
  },
  'x-webauth': {
    'x-webauth-user': 'username',
    'x-webauth-email': 'email',
    'x-webauth-name': 'name',
    'x-webauth-groups': 'groups',
  },
} as const

/** The headers by which a proxy describes the original request to `/validate`. */
export const forwardedHeaderNames = [
  'x-forwarded-method',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-uri',
  'x-forwarded-for',
] as const

/** The headers by which a client of the Model Context Protocol tells of its message: version, method, name. */
export const mcpHeaderNames = ['mcp-protocol-version', 'mcp-method', 'mcp-name'] as const
