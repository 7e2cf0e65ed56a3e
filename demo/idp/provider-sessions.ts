import type Provider from 'oidc-provider'

type Session = NonNullable<Awaited<ReturnType<Provider['Session']['findByUid']>>>

/** What the library's client can do beyond its published types. */
interface LogoutRecipient {
  backchannelLogout(subject: string, sid: string | undefined): Promise<void>
}

/**
 * Ends a session at the provider and tells every client that took part in it
 * (Back-Channel Logout 1.0 section 2.5), as far as it can be reached.
 */
export async function endProviderSession(provider: Provider, session: Session): Promise<void> {
  const { accountId = '', authorizations = {} } = session
  await Promise.all(
    Object.entries(authorizations).map(async ([clientId, { sid, grantId }]) => {
      if (grantId) await revokeGrant(provider, grantId)
      const client = await provider.Client.find(clientId)
      if (!client?.backchannelLogoutUri) return
      // An unreachable client must not keep the session alive.
      await (client as unknown as LogoutRecipient).backchannelLogout(accountId, sid).catch(() => {})
    }),
  )
  await session.destroy()
}

async function revokeGrant(provider: Provider, grantId: string): Promise<void> {
  await Promise.all([
    provider.AccessToken.revokeByGrantId(grantId),
    provider.RefreshToken.revokeByGrantId(grantId),
    provider.AuthorizationCode.revokeByGrantId(grantId),
    provider.Grant.adapter.destroy(grantId),
  ])
}
