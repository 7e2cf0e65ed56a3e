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

export type IdentityHeaderName = (typeof identityHeaderNames)[number]

/** The headers by which a proxy describes the original request to `/validate`. */
export const forwardedHeaderNames = [
  'x-forwarded-method',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-uri',
  'x-forwarded-for',
] as const
