import { describe, expect, test } from 'vitest'
import { recipes } from '../../../src/cli/recipes.ts'
import { identityHeaderNames } from '../../../src/model/header-names.ts'

/** The lines between two texts, without their indentation. */
function linesBetween(recipe: string, start: string, end: string): string[] {
  const block = recipe.split(start)[1]?.split(end)[0] ?? ''
  return block
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

describe('H-01 the recipe for Traefik', () => {
  const recipe = recipes.get('traefik') ?? ''

  test('names every identity header, as a file', () => {
    const items = linesBetween(recipe, 'authResponseHeaders:\n', '---')
    expect(items).toEqual(identityHeaderNames.map((name) => `- ${name}`))
  })

  test('says the same in labels', () => {
    const prefix = 'traefik.http.middlewares.gatehouse.forwardauth'
    expect(linesBetween(recipe, 'labels:\n', '\0')).toEqual([
      `${prefix}.address: http://gatehouse:8080/validate`,
      `${prefix}.trustForwardHeader: "false"`,
      `${prefix}.authResponseHeaders: ${identityHeaderNames.join(',')}`,
    ])
  })

  test('P-02 trusts no forwarded header of the client, and leaves none of the request out', () => {
    const settings = recipe.split('\n').filter((line) => !line.trimStart().startsWith('#'))
    expect(settings).toContain('        trustForwardHeader: false')
    expect(settings.join('\n')).not.toMatch(/authResponseHeadersRegex|authRequestHeaders/)
  })
})

describe('H-01 the recipe for Caddy', () => {
  const recipe = recipes.get('caddy') ?? ''

  test('copies every identity header', () => {
    expect(linesBetween(recipe, 'copy_headers {', '}')).toEqual([...identityHeaderNames])
  })

  test('removes every one of the client before it asks, except the request id', () => {
    const removed = linesBetween(recipe, 'route {', 'forward_auth')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace('request_header -', ''))
    expect(removed).toEqual(identityHeaderNames.filter((name) => name !== 'x-request-id'))
  })
})
