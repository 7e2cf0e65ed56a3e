import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { selfSigned } from '../../support/certificate.ts'
import { problemsOf, settingsOf } from './environments.ts'

const { cert, key } = selfSigned(['gateway'])
const other = selfSigned(['gateway'])
const env = { TLS_PORT: '8443', TLS_CERT_FILE: '/tls/crt', TLS_KEY_FILE: '/tls/key' }
const files = { '/tls/crt': cert, '/tls/key': key }

test('without any of the three there is no listener for TLS', () => {
  expect(settingsOf().listen).toEqual({ host: '0.0.0.0', port: 8080, opsPort: 9090 })
})

test('certificate and key are read from their files, or given', () => {
  const tls = { port: 8443, cert: cert.trimEnd(), key: key.trimEnd() }
  expect(settingsOf(env, files).listen.tls).toEqual(tls)
  expect(settingsOf({ TLS_PORT: '8443', TLS_CERT: tls.cert, TLS_KEY: tls.key }).listen.tls).toEqual(
    tls,
  )
})

test('those that signed the certificate come after it', () => {
  const chain = cert + other.cert
  expect(settingsOf(env, { ...files, '/tls/crt': chain }).listen.tls?.cert).toBe(chain.trimEnd())
})

test.each([
  ['TLS_PORT', '8443'],
  ['TLS_CERT_FILE', '/run/secrets/tls.crt'],
  ['TLS_KEY_FILE', '/run/secrets/tls.key'],
])('%s alone is missing', (name, example) => {
  expect(problemsOf({ ...env, [name]: '' }, files)).toEqual([
    `${name}: is missing: TLS takes TLS_PORT, TLS_CERT_FILE, TLS_KEY_FILE; for example ${name}=${example}`,
  ])
})

test('TLS_PORT alone: the other two are missing', () => {
  expect(problemsOf({ TLS_PORT: '8443' })).toEqual([
    expect.stringMatching(/^TLS_CERT_FILE: is missing/),
    expect.stringMatching(/^TLS_KEY_FILE: is missing/),
  ])
})

test('a file that cannot be read is one problem', () => {
  expect(problemsOf(env, { '/tls/crt': cert })).toEqual([
    'TLS_KEY_FILE: the file "/tls/key" cannot be read (ENOENT)',
  ])
  expect(problemsOf({ ...env, TLS_PORT: 'https' }, files)).toEqual([
    expect.stringMatching(/^TLS_PORT: "https" is not a whole number from 0 to 65535/),
  ])
})

describe('G-07 its port is its own', () => {
  test.each([
    ['PORT', { PORT: '8443' }, '9443'],
    ['OPS_PORT', { OPS_PORT: '8443' }, '9443'],
    ['PORT', { PORT: '8443', OPS_PORT: '9443' }, '10443'],
  ])('not %s with %j', (name, ports, example) => {
    expect(problemsOf({ ...env, ...ports }, files)).toEqual([
      `TLS_PORT: 8443 is ${name} too; the listener for TLS has a port of its own; for example TLS_PORT=${example}`,
    ])
  })

  test('0 takes a free one each', () => {
    expect(problemsOf({ ...env, PORT: '0', OPS_PORT: '0', TLS_PORT: '0' }, files)).toEqual([])
  })
})

describe('what cannot be used is named with its file, and never shown', () => {
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' },
  }).privateKey
  const short = selfSigned(['gateway'], generateKeyPairSync('rsa', { modulusLength: 1_024 }))
  const broken = cert.replace(/\n(.{20})/, '\n')

  test.each([
    [
      'no certificate',
      { '/tls/crt': key },
      'TLS_CERT_FILE: the file "/tls/crt" does not hold certificates in PEM',
    ],
    [
      'a broken one',
      { '/tls/crt': broken },
      'TLS_CERT_FILE: the file "/tls/crt" does not hold certificates in PEM',
    ],
    [
      'a broken one after a good one',
      { '/tls/crt': cert + broken },
      'TLS_CERT_FILE: the file "/tls/crt" does not hold certificates in PEM',
    ],
    [
      'no key',
      { '/tls/key': cert },
      'TLS_KEY_FILE: the file "/tls/key" does not hold a private key in PEM',
    ],
    [
      'an encrypted key',
      { '/tls/key': encrypted },
      'TLS_KEY_FILE: the file "/tls/key" is encrypted',
    ],
    [
      'another key',
      { '/tls/key': other.key },
      'TLS_CERT_FILE: the file "/tls/crt" is not the certificate of the key in TLS_KEY_FILE',
    ],
    [
      'the wrong order',
      { '/tls/crt': other.cert + cert },
      'TLS_CERT_FILE: the file "/tls/crt" has the certificates in the wrong order',
    ],
    [
      'a key too short',
      { '/tls/crt': short.cert, '/tls/key': short.key },
      'TLS_CERT_FILE: the file "/tls/crt" cannot be used for TLS (ERR_SSL_EE_KEY_TOO_SMALL)',
    ],
  ])('%s', (_what, changed, message) => {
    const problems = problemsOf(env, { ...files, ...changed })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
    expect(problems[0]).not.toMatch(/MI[A-Za-z0-9+/]{20}/)
  })

  test('both at once; given as values they have no file', () => {
    expect(problemsOf({ TLS_PORT: '8443', TLS_CERT: 'x', TLS_KEY: 'y' })).toEqual([
      'TLS_CERT: does not hold certificates in PEM, or one of them cannot be read',
      'TLS_KEY: does not hold a private key in PEM',
    ])
  })
})
