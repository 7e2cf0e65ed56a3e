import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { HeaderPair } from '../../../demo/header-pairs.ts'
import { document } from '../../../demo/page.ts'
import { homePage } from '../../../demo/sample-page.ts'

const identity: HeaderPair[] = [
  ['x-user-name', 'Zo%C3%AB <b>'],
  ['x-user-roles', 'a%2Cb,c'],
  ['x-user-email', ''],
  ['x-auth-kind', 'user'],
]

function render(headers: readonly HeaderPair[], authUrl = '') {
  return document(homePage({ headers, url: '/deep?"><script>', authUrl, links: [] }))
}

describe('the page of the sample app', () => {
  test('greets by the decoded name and escapes what it shows', () => {
    const { text } = render(identity)
    expect(text).toContain('<h1>Hello, Zoë &lt;b&gt;</h1>')
    expect(text).toContain('<code>/deep?&quot;&gt;&lt;script&gt;</code>')
  })

  test('splits a list before it decodes its items', () => {
    expect(render(identity).text).toContain('<td>a,b · c</td><td><code>a%2Cb,c</code></td>')
  })

  test('shows what is no percent-encoding as received', () => {
    expect(render([['x-username', '100%']]).text).toContain('<td>100%</td>')
  })

  test('tells an empty header from an absent one', () => {
    const { text } = render(identity)
    expect(text).toMatch(/x-user-email<\/code><\/th><td><span class="soft">empty/)
    expect(text).toMatch(/x-user-groups<\/code><\/th><td><span class="soft">absent/)
  })

  test('does not show credentials', () => {
    const { text } = render([
      ['cookie', 'gatehouse=secret'],
      ['authorization', 'Bearer secret'],
    ])
    expect(text).not.toContain('secret')
  })

  test('says so where a request came around the gateway', () => {
    expect(render([['x-username', 'eve']]).text).toContain('did not come through the gateway')
  })

  test('admits exactly its own style and script', () => {
    const { headers, text } = render(identity)
    const policy = headers['content-security-policy'] ?? ''
    for (const tag of ['style', 'script']) {
      const source = new RegExp(`<${tag}>([^]*)</${tag}>`).exec(text)?.[1] ?? ''
      const hash = createHash('sha256').update(source).digest('base64')
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`)
    }
    expect(policy).toContain("default-src 'none'")
    expect(text).not.toMatch(/\s(?:style|on[a-z]+)=/)
  })

  test('links to a gateway on another host and leaves the countdown out', () => {
    const { headers, text } = render(identity, 'https://auth.example.com')
    expect(text).toContain('href="https://auth.example.com/auth/logout"')
    expect(headers['content-security-policy']).not.toContain('script-src')
  })
})
