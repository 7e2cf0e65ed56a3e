import { describe, expect, test } from 'vitest'
import { folded } from '../../../src/rules/case-folding.ts'
import { readPath } from '../../../src/rules/path-readings.ts'

const texts = (path: string, form: 'exact' | 'folded') =>
  readPath(path)
    .readings.filter((reading) => reading[form])
    .map(({ segments }) => `/${segments.join('/')}`)

const plainPaths = [
  ...['/', '/admin', '/admin/', '/a/b.c/~d/-/_', '/.well-known/x', '/..x/y', '/a/v1.2', '/1'],
]

test.each(plainPaths)('%s has one reading', (path) => {
  const segments = path.split('/').filter((segment) => segment !== '')
  expect(readPath(path)).toEqual({
    canonical: true,
    overEncoded: false,
    readings: [{ segments, named: segments, exact: true, folded: true }],
  })
})

test('P-16 one with upper case has a folded one too, which knows what was there', () => {
  expect(readPath('/Admin/x/')).toEqual({
    canonical: true,
    overEncoded: false,
    readings: [
      { segments: ['Admin', 'x'], named: ['Admin', 'x'], exact: true, folded: false },
      { segments: ['admin', 'x'], named: ['Admin', 'x'], exact: false, folded: true },
    ],
  })
})

test.each([
  ['/a%20b', '/a b'],
  ['/%C5%BB%c3%b3%C5%82w', '/Żółw'],
  ['/%F0%9F%98%80', '/😀'],
  ['/a%40b:c@d', '/a@b:c@d'],
  ['/a%2Fb', '/a%2Fb'],
  ['/a%5cb', '/a%5cb'],
  ['/50%25', '/50%25'],
  ['/a%3bb', '/a%3bb'],
  ['/a%3Fb%23c', '/a%3Fb%23c'],
  ['/a%2eb', '/a%2eb'],
  ['/a%0ab', '/a%0ab'],
  ['/a%c2%85b', '/a%c2%85b'],
  ['/%ff%41', '/%ffA'],
  ['/%c0%ae', '/%c0%ae'],
  ['/%ed%a0%80', '/%ed%a0%80'],
  ['/x/../y;z//', '/x/../y;z'],
  ['/%zz%', '/%zz%'],
])('the first reading of %s is %s', (path, first) => {
  expect(texts(path, 'exact')[0]).toBe(first)
})

describe('read as /admin is', () => {
  test.each([
    ['P-08', '/admin%23x'],
    ['P-07', '/admin%3fx'],
    ['P-09', '/public/../admin'],
    ['P-09', '/../admin'],
    ['P-09', '/./admin/.'],
    ['P-09', '/admin/x/..'],
    ['P-10', '/public/%2e%2e/admin'],
    ['P-10', '/public/.%2E/admin'],
    ['P-10', '/public/%2E%2e%2fadmin'],
    ['P-10', '/a%2fb/../..%2fadmin'],
    ['P-11', '/public%2f..%2fadmin'],
    ['P-11', '/public%5c..%5Cadmin'],
    ['P-11', '/public\\..\\admin'],
    ['P-11', '/x%c0%af..%c0%afadmin'],
    ['P-11', '/x/%c0%ae%c0%ae/admin'],
    ['P-11', '/x%c1%9c%c0%ae./admin'],
    ['P-11', '/x%e0%80%af%f0%80%80%ae./admin'],
    ['P-12', '/%2561dmin'],
    ['P-12', '/%252561dmin'],
    ['P-12', '/x/%252e%252e/admin'],
    ['P-12', '/x%25252f%25252e%25252e/admin'],
    ['P-13', '/public/..;/admin'],
    ['P-13', '/admin;x=y'],
    ['P-13', '/admin%3bx'],
    ['P-13', '/admin%253bx'],
    ['P-13', '/;x/admin;y/;z'],
    ['P-13', '/admin;%2f..%2fx'],
    ['P-14', '//admin'],
    ['P-14', '/admin//'],
    ['P-14', '/x//../admin'],
    ['P-14', '/x//../../admin'],
    ['P-16', '/%61dmin'],
    ['P-16', '/%ff/..%2f%61dmin'],
  ])('%s: %s', (_id, path) => expect(texts(path, 'exact')).toContain('/admin'))

  test.each([
    ['P-16', '/ADMIN'],
    ['P-16', '/%41dm%49n'],
    ['P-16', '/admin.'],
    ['P-16', '/admin%20.%20'],
    ['P-16', '/x/..%20/admin'],
    ['P-16', '/%EF%BD%81dmin'],
    ['P-16', '/adm%C4%B1n'],
    ['P-16', '/x%EF%BC%8F%EF%BC%8E%EF%BC%8E%EF%BC%8Fadmin'],
    ['P-16', '/x/%E2%80%A5/admin'],
    ['P-16', '/admin%EF%BC%9Bx'],
    ['P-16', '/X%2f..%2fADMIN;x'],
  ])('%s: %s with case and the like aside', (_id, path) =>
    expect(texts(path, 'folded')).toContain('/admin'),
  )
})

test.each(['/admin/../x', '/%61dmin%2f..%2fx'])(
  'P-09 %s is also read by servers that resolve nothing',
  (path) => {
    expect(texts(path, 'exact')).toEqual(expect.arrayContaining(['/admin/../x', '/x']))
  },
)

test.each(['/authx', '/xadmin', '/admin-x', '/x/admin', '/a.dmin', '/admin.x', '/%C3%A1dmin'])(
  'P-15 %s is never read as /admin',
  (path) => {
    expect(texts(path, 'exact')).not.toContain('/admin')
    expect(texts(path, 'folded')).not.toContain('/admin')
  },
)

describe('the normal form of a path', () => {
  test.each([
    ...plainPaths,
    ...['/Admin', '/a%20b', '/a%20b/', '/%C5%BB%c3%b3w', '/a%40b', "/a:b@c!$&'()*+,=", '/a.'],
    ...['/a%3fb', '/a%23b', '/{x}', '/a|b', '/%E2%80%A5'],
  ])('%s has it', (path) => expect(readPath(path).canonical).toBe(true))

  test.each([
    ['P-09', ['/a/../b', '/a/.', '/./a', '/..']],
    ['P-10', ['/%2e%2e/a', '/a.%2Ehtml']],
    ['P-11', ['/a%2fb', '/a%2Fb', '/a%5cb', '/a\\b', '/%c0%af', '/%e0%80%af', '/%f0%80%80%af']],
    ['P-12', ['/%252e', '/50%25']],
    ['P-13', ['/a;b', '/;/a', '/a%3bb', '/a%3Bb', '/a;']],
    ['P-14', ['//', '//a', '/a//b', '/a//']],
    ['P-16', ['/%61', '/%41', '/%7E', '/%7e', '/%2D', '/%5F', '/%30', '/%39', '/%5a', '/%7a']],
    ['P-21', ['/%00', '/%1f', '/%7F', '/a%c2%80', '/%ff', '/%C3', '/%C3a', '/%ed%a0%80', '/%80']],
    ['P-21', ['/%', '/%2', '/%zz', '', 'a', '*', '/a b', '/\u017b', '/a?b', '/a#b']],
  ])('%s: not %j', (_id, paths) => {
    for (const path of paths) expect(readPath(path).canonical, path).toBe(false)
  })
})

describe('what is escaped too often', () => {
  test.each(['/%25252561', '/%25252525', '/%2525252e%2525252e/x', '/a%25%32%35%32%35%32%35%32%35'])(
    'P-12 is %s',
    (path) => expect(readPath(path).overEncoded).toBe(true),
  )
  test.each(['/%252561', '/%2525', '/100%25', '/%zz%', '/%C5%BB', '/a%2fb;c//d%5c../e%3ff'])(
    'P-12 is not %s',
    (path) => expect(readPath(path).overEncoded).toBe(false),
  )

  test('P-12 fewer decodings can be asked for', () => {
    expect(readPath('/%2561', 1).overEncoded).toBe(true)
    expect(readPath('/%61', 1).overEncoded).toBe(false)
  })
})

test.each(['%2f', '..//', 'a/b%2f..//;x%5c%3f%c0%ae', '%EF%BC%8Fa', '%25', '. ', 'x;/..%2f%5c'])(
  'P-21 a long path of %s has a bounded number of readings, or none that count',
  (piece) => {
    const path = `/${piece.repeat(16_000 / piece.length)}`
    const { readings } = readPath(path)
    const characters = readings.reduce((sum, { segments }) => sum + segments.join('/').length, 0)
    expect(characters).toBeLessThan(600_000)
  },
)

test('of characters that fold to several the parameters are the folded ones', () => {
  const folded = readPath('/%E2%84%80/...').readings.find((reading) => reading.folded)
  expect(folded).toMatchObject({ segments: ['a', 'c'], named: ['a', 'c'] })
})

test('P-16 folding makes one text of whatever is the same without regard to case', () => {
  for (const [one, other] of [
    ['STRASSE', 'straße'],
    ['STRAẞE', 'straße'],
    ['ΣΑΣ', 'σας'],
    ['ſecret', 'SECRET'],
    ['ﬁle', 'FILE'],
    ['ｅvil', 'EVIL'],
  ] as const)
    expect(folded(one)).toBe(folded(other))
})
