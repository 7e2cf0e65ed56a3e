import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { readCertificates } from './certificates.ts'
import { fileOf, type Readings } from './environment.ts'
import type { Findings } from './problem.ts'
import type { Settings } from './settings.ts'
import type { Values } from './variables.ts'

type Tls = NonNullable<Settings['listen']['tls']>

const examples = {
  TLS_PORT: '8443',
  TLS_CERT_FILE: '/run/secrets/tls.crt',
  TLS_KEY_FILE: '/run/secrets/tls.key',
}

/** Checks the listener for TLS: its port, its certificates and their key, all of them or none. */
export function tlsSettings(
  values: Values,
  readings: Readings,
  findings: Findings,
): Tls | undefined {
  const { TLS_PORT: port, TLS_CERT: cert, TLS_KEY: key } = values
  if (port === undefined && cert === undefined && key === undefined) return
  for (const [name, example] of Object.entries(examples)) {
    const given = { TLS_PORT: port, TLS_CERT_FILE: cert, TLS_KEY_FILE: key }[name]
    if (given === undefined && !findings.refused(name))
      findings.refuse(name, `is missing: TLS takes ${Object.keys(examples).join(', ')}`, example)
  }
  checkPort(values, findings)
  const source = (name: 'TLS_CERT' | 'TLS_KEY') => readings.get(name)?.sources[0] ?? { name }
  const refuse = (name: 'TLS_CERT' | 'TLS_KEY', message: string) => {
    const { name: variable, path } = source(name)
    return findings.refuse(variable, path === undefined ? message : `${fileOf(path)} ${message}`)
  }
  const certificates = cert === undefined ? undefined : readCertificates(cert)
  if (cert !== undefined && !certificates)
    refuse('TLS_CERT', 'does not hold certificates in PEM, or one of them cannot be read')
  const privateKey = key === undefined ? undefined : readPrivateKey(key)
  if (typeof privateKey === 'string') return refuse('TLS_KEY', privateKey)
  if (port === undefined || !cert || !key || !certificates || !privateKey) return
  const fault =
    pairFault(certificates, privateKey, source('TLS_KEY').name) ?? contextFault(cert, key)
  return fault === undefined ? { port, cert, key } : refuse('TLS_CERT', fault)
}

function checkPort({ TLS_PORT: port, PORT, OPS_PORT }: Values, findings: Findings): void {
  const other = port === PORT ? 'PORT' : port === OPS_PORT ? 'OPS_PORT' : undefined
  if (other === undefined || port === 0) return
  const free = [8443, 9443, 10_443].find(
    (candidate) => candidate !== PORT && candidate !== OPS_PORT,
  )
  findings.refuse(
    'TLS_PORT',
    `${port} is ${other} too; the listener for TLS has a port of its own`,
    String(free),
  )
}

/** The key, or what is wrong with it. */
function readPrivateKey(pem: string): KeyObject | string {
  if (/-----BEGIN ENCRYPTED|Proc-Type: *4,ENCRYPTED/.test(pem))
    return 'is encrypted, and nobody is there to enter the passphrase; openssl pkey -in old.key -out new.key takes it off'
  try {
    return createPrivateKey(pem)
  } catch {
    return 'does not hold a private key in PEM'
  }
}

function pairFault(
  [first, ...more]: readonly [X509Certificate, ...X509Certificate[]],
  key: KeyObject,
  keyVariable: string,
): string | undefined {
  if (first.checkPrivateKey(key)) return undefined
  return more.some((certificate) => certificate.checkPrivateKey(key))
    ? "has the certificates in the wrong order: the server's own comes first, then the one that signed it"
    : `is not the certificate of the key in ${keyVariable}`
}

/** Why OpenSSL would not serve with them, as for a key too short: better said here than to callers. */
function contextFault(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown reason'
    return `cannot be used for TLS (${code}); make a new certificate`
  }
}
