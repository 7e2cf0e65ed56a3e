import { randomBytes } from 'node:crypto'
import { apiKeyPrefix, keyHash } from '../bearer/api-keys.ts'
import { exitCodes, type Terminal } from './terminal.ts'

const keyBytes = 32
const yearMs = 365 * 86_400_000
const nameForm = /^[a-z][a-z0-9-]{0,31}$/

/**
 * Makes an API key, shows it once, and prints the line by which the gateway knows it.
 *
 * @param name - of the service that the key proves
 * @param now - milliseconds since the epoch; the key ends a year later
 */
export function newKey(name: string, now: number, terminal: Terminal): number {
  if (!nameForm.test(name)) {
    terminal.error(
      `gatehouse: ${JSON.stringify(name)} is no name: up to 32 lower-case letters, digits and "-", a letter first`,
    )
    return exitCodes.usage
  }
  const key = apiKeyPrefix + randomBytes(keyBytes).toString('base64url')
  const expires = new Date(now + yearMs).toISOString().slice(0, 10)
  terminal.out(`The API key of ${name}. It is shown this once, and the gateway never knows it:

${key}

Add to keys in CONFIG_FILE, with the roles that it is to have:

keys:
  - { name: ${name}, hash: "sha256:${keyHash(key)}", roles: [], expires: ${expires} }

Programs send it as X-Api-Key, as a Bearer token, or as the password of Basic.`)
  return exitCodes.ok
}
