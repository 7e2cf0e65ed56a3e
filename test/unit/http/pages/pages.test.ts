import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { accountPage } from '../../../../src/http/pages/account-page.ts'
import {
  callbackErrorCodes,
  callbackErrorPage,
} from '../../../../src/http/pages/callback-error-page.ts'
import { framePage } from '../../../../src/http/pages/frame-page.ts'
import { logoutConfirmPage } from '../../../../src/http/pages/logout-pages.ts'
import {
  accountPageHeaders,
  framePageHeaders,
  logoutConfirmPageHeaders,
  pageHeaders,
} from '../../../../src/http/pages/page-headers.ts'
import { refusedPage } from '../../../../src/http/pages/refused-page.ts'
import { style } from '../../../../src/http/pages/style.ts'
import { codes } from '../../../../src/model/codes.ts'
import { anonymous } from '../../../../src/model/identity.ts'
import { pagesWith, refusalCodes } from './all-pages.ts'
import { texts, tokenize, values } from './markup.ts'

const auth = `https://${'auth.'.repeat(12)}example.com/auth`
const appUrl = `https://${'a'.repeat(63)}.example.com/reports?${'filter[name]=two%20words&'.repeat(40)}`
const returnTo = encodeURIComponent(appUrl.slice(0, 1_024))
const longest = {
  account: { label: '"Žofie" <zofie@example.com>'.repeat(10) },
  host: `${'a'.repeat(63)}.${'b'.repeat(63)}.example.com:65535`,
  decisionId: 'd'.repeat(64),
}

function bytes(page: string): number {
  return Buffer.byteLength(page)
}

describe('pages at /validate', () => {
  test.each(refusalCodes)('D-10 %s: under 4,096 bytes with both links', (code) => {
    const switchAccountUrl = `${auth}/logout?then=switch&return_to=${returnTo}`
    const signOutUrl = `${auth}/logout`
    const page = refusedPage({ code, ...longest, switchAccountUrl, signOutUrl })
    expect(bytes(page)).toBeLessThan(4_096)
    expect(values(page, 'href')).toEqual(expect.arrayContaining([switchAccountUrl, signOutUrl]))
  })

  test('D-10 under 4,096 bytes however long a link is', () => {
    for (let length = 0; length < 3_000; length += 1) {
      const url = `${auth}/?${'x'.repeat(length)}`
      const refusal = { code: 'forbidden', ...longest } as const
      for (const page of [
        refusedPage({ ...refusal, switchAccountUrl: url, signOutUrl: auth }),
        refusedPage({ ...refusal, signOutUrl: url }),
        framePage({ loginUrl: url, host: longest.host }),
      ]) {
        expect(bytes(page)).toBeLessThan(4_096)
      }
    }
  })

  test('what does not fit is left out, the account switch first', () => {
    const long = `${auth}?${'x'.repeat(4_000)}`
    const links = (switchAccountUrl: string, signOutUrl: string) =>
      values(refusedPage({ code: 'forbidden', ...longest, switchAccountUrl, signOutUrl }), 'href')
    expect(links('/switch', '/out')).toEqual(['/switch', '/out'])
    expect(links(long, '/out')).toEqual(['/out'])
    expect(links(long, long)).toEqual([])
    const framed = framePage({ loginUrl: long, host: longest.host })
    expect(values(framed, 'href')).toContain(auth)
  })

  test.each(refusalCodes)('L-22 %s: says this and nothing else', (code) => {
    const page = refusedPage({
      code,
      account: { label: 'Ann' },
      host: 'app.example.com',
      decisionId: 'd1',
      signOutUrl: '/out',
    })
    const { status, title } = codes[code]
    const said = texts(page).slice(2)
    expect(said).toEqual([
      title,
      expect.stringMatching(/^[A-Z].{20,}\.$/),
      ...(status === 429 || status === 503 ? ['Try again'] : []),
      'Sign out',
      ...['Account', 'Ann', 'App', 'app.example.com', 'Reason', `${status} ${code}`],
      ...['Decision', 'd1'],
    ])
  })

  test('in a frame, sign-in opens a new tab that knows nothing of its opener', () => {
    const page = framePage({ loginUrl: `${auth}/login?return_to=a&b`, host: 'app.example.com' })
    const link = tokenize(page).find((token) => token.kind === 'tag' && token.name === 'a')
    expect(link).toMatchObject({
      attributes: expect.arrayContaining([
        ['href', `${auth}/login?return_to=a&b`],
        ['target', '_blank'],
        ['rel', 'noopener'],
      ]),
    })
  })
})

describe('callback errors', () => {
  test.each(callbackErrorCodes)('L-11 %s: fixed words, the code, a way to try again', (code) => {
    const page = callbackErrorPage({ code, requestId: 'r1', retryUrl: '/auth/login?a=1&b=2' })
    expect(values(page, 'href')).toEqual(['/auth/login?a=1&b=2'])
    expect(texts(page).slice(2)).toEqual([
      expect.stringMatching(/^(The|This|You) .+[a-z]$/),
      expect.stringMatching(/^[A-Z].+\.$/),
      expect.stringMatching(/^[A-Z].+\.$/),
      code === 'not_allowed' ? 'Use another account' : 'Try again',
      ...['Reason', code, 'Request', 'r1'],
    ])
  })

  test('the codes are those of the contract', () => {
    expect([...callbackErrorCodes].sort()).toEqual([
      'access_denied',
      'idp_error',
      'idp_unavailable',
      'invalid_state',
      'invalid_token_payload',
      'login_required',
      'mismatched_token_sub',
      'missing_code_or_state',
      'not_allowed',
      'token_exchange_failed',
    ])
  })
})

describe('sign-out question', () => {
  test('O-01 posts to the logout route with the return URL', () => {
    const page = logoutConfirmPage({ action: '/auth/logout', returnTo: 'https://a.example/?b&c' })
    expect(values(page, 'method')).toEqual(['post'])
    expect(values(page, 'action')).toEqual(['/auth/logout'])
    expect(values(page, 'name')).toEqual(['viewport', 'return_to'])
    expect(values(page, 'value')).toEqual(['https://a.example/?b&c'])
  })
})

describe('account page', () => {
  const linux = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const account = {
    identity: { ...anonymous, name: 'Žofie Nová', username: 'zofie', roles: ['admin', 'a,b'] },
    providerLabel: 'Keycloak',
    session: {
      publicId: 'p0',
      createdAt: Date.UTC(2026, 10, 22, 9),
      endsAt: Date.UTC(2026, 10, 22, 14, 5),
    },
    others: ['p1', 'p2'].map((publicId) => ({
      publicId,
      createdAt: 0,
      lastUsedAt: 0,
      userAgent: linux,
    })),
    actions: { end: '/auth/sessions/end', logout: '/auth/logout' },
  }

  test('says who you are and when the session ends', () => {
    const page = accountPage(account)
    expect(texts(page)).toEqual(
      expect.arrayContaining(['Žofie Nová', 'zofie', 'Keycloak', 'admin']),
    )
    expect(texts(page)).not.toContain('E-mail')
    expect(values(page, 'datetime')).toContain('2026-11-22T14:05:00.000Z')
    expect(texts(page)).toContain('22 Nov 2026, 14:05 UTC')
  })

  test('ends one other session, or all, and signs out', () => {
    const page = accountPage(account)
    const inputs = tokenize(page).flatMap((token) =>
      token.kind === 'tag' && token.name === 'input' ? [token.attributes.slice(1)] : [],
    )
    expect(inputs).toEqual([
      [
        ['name', 'id'],
        ['value', 'p1'],
      ],
      [
        ['name', 'id'],
        ['value', 'p2'],
      ],
      [
        ['name', 'all'],
        ['value', 'true'],
      ],
    ])
    expect(values(page, 'action')).toEqual(Array(3).fill('/auth/sessions/end'))
    expect(values(page, 'href')).toEqual(['/auth/logout'])
    expect(values(page, 'aria-label')).toEqual(Array(2).fill('Sign out Firefox on Linux'))
  })

  test('without other sessions there is no form', () => {
    const page = accountPage({ ...account, others: [] })
    expect(values(page, 'action')).toEqual([])
    expect(texts(page)).toContain('You are signed in nowhere else.')
  })

  test('two thousand groups are fifty and a number', () => {
    const groups = Array.from({ length: 2_000 }, (_, i) => `team-${i}`)
    const said = texts(accountPage({ ...account, identity: { ...account.identity, groups } }))
    expect(said.filter((text) => text.startsWith('team-'))).toEqual(groups.slice(0, 50))
    expect(said).toContain(' and 1950 more')
  })
})

describe('policy', () => {
  const sets = { pageHeaders, framePageHeaders, accountPageHeaders, logoutConfirmPageHeaders }

  function directives(headers: Readonly<Record<string, string>>): Map<string, string> {
    const policy = headers['content-security-policy'] ?? ''
    return new Map(
      policy.split('; ').map((part) => {
        const [name = '', ...sources] = part.split(' ')
        return [name, sources.join(' ')]
      }),
    )
  }

  test.each(Object.entries(sets))('%s: the style element and nothing else', (_, headers) => {
    expect(directives(headers).get('default-src')).toBe("'none'")
    expect(directives(headers).get('base-uri')).toBe("'none'")
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    for (const page of Object.values(pagesWith)) {
      const source = /<style>(.*)<\/style>/s.exec(page('plain'))?.[1] ?? ''
      const hash = createHash('sha256').update(source).digest('base64')
      expect(directives(headers).get('style-src')).toBe(`'sha256-${hash}'`)
    }
  })

  test('L-17 only the page made for frames may be framed, and nothing leaks to other hosts', () => {
    expect(directives(framePageHeaders).get('frame-ancestors')).toBe('*')
    expect(framePageHeaders).not.toHaveProperty('x-frame-options')
    for (const headers of [pageHeaders, accountPageHeaders, logoutConfirmPageHeaders]) {
      expect(directives(headers).get('frame-ancestors')).toBe("'none'")
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers['referrer-policy']).toMatch(/^(no-referrer|same-origin)$/)
    }
  })

  test('forms work where there are forms, and nowhere else', () => {
    expect(directives(pageHeaders).get('form-action')).toBe("'none'")
    expect(directives(framePageHeaders).get('form-action')).toBe("'none'")
    expect(directives(accountPageHeaders).get('form-action')).toBe("'self'")
    expect(directives(logoutConfirmPageHeaders).get('form-action')).toBe('http: https:')
    for (const headers of [accountPageHeaders, logoutConfirmPageHeaders]) {
      expect(headers['referrer-policy']).toBe('same-origin')
    }
  })
})

describe('style', () => {
  /** Relative luminance and contrast ratio (WCAG 2.2). */
  function luminance(colour: string): number {
    const hex = colour.length === 4 ? colour.replace(/[^#]/g, '$&$&') : colour
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }

  function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }

  const [light = '', dark = ''] = style.text.split('@media(prefers-color-scheme:dark)')

  test.each([
    ['light', light],
    ['dark', dark],
  ])('%s: every text has a contrast of 4.5 and more', (_, source) => {
    const colour = (name: string) =>
      new RegExp(`--${name}:(#[0-9a-f]{3,6})[;}]`).exec(source)?.[1] ?? ''
    for (const [text, behind] of [
      ['text', 'card'],
      ['soft', 'card'],
      ['act', 'card'],
      ['on', 'act'],
    ] as const) {
      expect(contrast(colour(text), colour(behind)), `${text} on ${behind}`).toBeGreaterThan(4.5)
    }
  })

  test('the ratio is the one of WCAG', () => {
    expect(contrast('#000', '#fff')).toBeCloseTo(21)
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2)
  })
})
