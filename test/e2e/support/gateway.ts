import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import { providerHost } from './local-provider.ts'
import { runName } from './run-name.ts'
import { stack } from './stack.ts'

/** A gateway of its own beside the stack's, in the stack's network, published on a port of its own. */
export function startGateway(
  name: string,
  port: number,
  environment: Record<string, string>,
): Promise<StartedTestContainer> {
  return new GenericContainer(stack.image)
    .withName(runName(name))
    .withNetworkMode(`${stack.project}_default`)
    .withExtraHosts([providerHost])
    .withExposedPorts({ container: 8080, host: port })
    .withEnvironment({
      COOKIE_DOMAIN: 'gatehouse.localhost',
      OIDC_CLIENT_ID: 'gatehouse',
      OIDC_CLIENT_SECRET: 'secret',
      SESSION_SECRET: 'a session secret for the end-to-end tests',
      TRUSTED_PROXIES: 'private_ranges',
      ...environment,
    })
    .withWaitStrategy(Wait.forHttp('/health', 8080))
    .start()
}
