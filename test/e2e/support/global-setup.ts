import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DockerComposeEnvironment, Wait } from 'testcontainers'
import type { TestProject } from 'vitest/node'
import { docker } from './docker.ts'
import { freePort } from './free-port.ts'
import { image, runName } from './run-name.ts'

const root = new URL('../../..', import.meta.url).pathname

/** Builds the image and starts `docker-compose.yml`; resolves with what stops it again. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await docker('build', '--quiet', '--tag', image, root)
  const port = await freePort(8000)
  const firstReplica = await freePort(0, 2)
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
  const realm = join(directory, 'gatehouse-realm.json')
  const original = await readFile(join(root, 'keycloak/gatehouse-realm.json'), 'utf8')
  await writeFile(realm, original.replaceAll('.localhost:8000', `.localhost:${port}`))
  const override = join(directory, 'override.yml')
  await writeFile(override, overrideFile({ port, firstReplica, realm }))

  const name = runName('stack')
  const environment = await new DockerComposeEnvironment(root, ['docker-compose.yml', override])
    .withProjectName(name)
    .withDefaultWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(240_000)
    .up()
  project.provide('stack', {
    image,
    project: name,
    port,
    replicas: [firstReplica, firstReplica + 1],
  })
  return async () => {
    await environment.down({ removeVolumes: true, timeout: 1 })
    await rm(directory, { recursive: true })
  }
}

/** The port, and a way past Traefik to each replica: published ports, whose callers must be trusted. */
function overrideFile(values: { port: number; firstReplica: number; realm: string }): string {
  const { port, firstReplica, realm } = values
  return `
services:
  traefik:
    ports: !override ["${port}:8000"]
    volumes:
      - ${root}test/e2e/support/prefixes.yml:/etc/traefik/dynamic/prefixes.yml:ro
  gatehouse:
    ports: ["127.0.0.1:${firstReplica}-${firstReplica + 1}:8080"]
    environment:
      PUBLIC_URL: http://auth.gatehouse.localhost:${port}
      POST_LOGIN_URL: http://app.gatehouse.localhost:${port}/
      OIDC_ISSUER: http://keycloak.gatehouse.localhost:${port}/realms/gatehouse
      TRUSTED_PROXIES: traefik,private_ranges
    healthcheck: { interval: 1s }
  app:
    environment:
      AUTH_URL: http://auth.gatehouse.localhost:${port}
    healthcheck: { interval: 1s }
  keycloak:
    environment:
      KC_HOSTNAME: http://keycloak.gatehouse.localhost:${port}
    volumes:
      - ${realm}:/opt/keycloak/data/import/gatehouse-realm.json:ro
`
}
