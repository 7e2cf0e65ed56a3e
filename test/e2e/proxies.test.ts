import { afterAll, beforeAll, describe, it } from 'vitest'
import type { IdentityProvider } from '../../demo/identity-provider.ts'
import { cases } from './proxies/cases.ts'
import { proxies } from './proxies/proxies.ts'
import type { TestedProxy } from './proxies/proxy.ts'
import { docker } from './support/docker.ts'
import { startLocalProvider } from './support/local-provider.ts'
import { authOf, type Site, startSite } from './support/proxy-site.ts'

const isMissing = ({ image, imitated }: TestedProxy) =>
  !imitated &&
  docker('image', 'inspect', image).then(
    () => false,
    () => true,
  )
const checked = await Promise.all(
  proxies.map(async (proxy) => ({ proxy, missing: await isMissing(proxy) })),
)
for (const { proxy, missing } of checked) {
  if (missing)
    process.stderr.write(
      `\nNOT TESTED: ${proxy.name}. Get its image: docker pull ${proxy.image}\n\n`,
    )
}

let provider: IdentityProvider
const sites = new Map<TestedProxy, Promise<Site>>()

beforeAll(async () => {
  provider = await startLocalProvider('')
  provider.putClient({
    client_id: 'gatehouse',
    client_secret: 'secret',
    redirect_uris: proxies.map((proxy) => `${authOf(proxy)}/auth/callback`),
    post_logout_redirect_uris: proxies.map((proxy) => `${authOf(proxy)}/auth/logged-out`),
  })
  for (const { proxy, missing } of checked) {
    if (missing) continue
    const site = startSite(proxy, provider)
    sites.set(proxy, site)
    // Whoever waits for it is told.
    site.catch(() => {})
  }
})
afterAll(async () => {
  const started = await Promise.allSettled(sites.values())
  await Promise.all(
    started.map((each) => each.status === 'fulfilled' && each.value[Symbol.asyncDispose]()),
  )
  await provider?.close()
})

for (const { proxy, missing } of checked) {
  describe.skipIf(missing)(proxy.name, () => {
    let site: Site
    beforeAll(async () => {
      site = await (sites.get(proxy) as Promise<Site>)
    })
    // In their order: the last one ends the gateway.
    for (const { title, needs, run } of cases)
      it.skipIf(needs !== undefined && proxy.lacks?.includes(needs))(title, () => run(site))
  })
}
