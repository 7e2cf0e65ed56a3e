import { isNetwork } from '../../config/network-settings.ts'
import type { Migration } from './migration.ts'

/** Who asks. */
export function migrateNetwork(migration: Migration, proxy: string | undefined): void {
  const { options } = migration
  if (proxy !== undefined) migration.set('PROXY', proxy)
  const proxies = options.list('trusted_proxy_ips')
  const narrow = proxies.filter((text) => isNetwork(text) && !/\/[0-7]$/.test(text))
  if (narrow.length > 0) migration.set('TRUSTED_PROXIES', narrow.join(','))
  else
    migration.set(
      'TRUSTED_PROXIES',
      '127.0.0.0/8,::1',
      'Write the address or the host name of your proxy: nobody else may ask.',
    )
  if (narrow.length < proxies.length)
    migration.leave(
      'trusts nearly everybody, or is no address: TRUSTED_PROXIES names the proxy',
      'trusted_proxy_ips',
    )
}
