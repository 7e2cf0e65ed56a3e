import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

export interface Certificate {
  /** PEM; it is its own authority. */
  readonly cert: string
  /** PKCS #8 PEM. */
  readonly key: string
}

/** ecdsa-with-SHA256 and sha256WithRSAEncryption (RFC 5758, RFC 4055), as DER. */
const algorithms = {
  ec: Buffer.from('300a06082a8648ce3d040302', 'hex'),
  rsa: Buffer.from('300d06092a864886f70d01010b0500', 'hex'),
}
const commonNameType = Buffer.from('0603550403', 'hex')
const subjectAltName = Buffer.from('0603551d11', 'hex')

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  ipAddress: 0x87,
}
type Tag = keyof typeof tags

/**
 * A self-signed certificate (RFC 5280) for host names and IPv4 addresses, valid until 2049.
 *
 * @param keys - of RSA or of an elliptic curve; P-256 where absent
 */
export function selfSigned(
  names: readonly string[],
  keys: Record<'publicKey' | 'privateKey', KeyObject> = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
  }),
): Certificate {
  const algorithm = algorithms[keys.privateKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec']
  const commonName = der('sequence', commonNameType, der('utf8String', Buffer.from('test')))
  const name = der('sequence', der('set', commonName))
  const validity = ['200101000000Z', '491231235959Z'].map((time) =>
    der('utcTime', Buffer.from(time)),
  )
  const alternatives = names.map((entry) =>
    isIPv4(entry)
      ? der('ipAddress', Buffer.from(entry.split('.').map(Number)))
      : der('dnsName', Buffer.from(entry)),
  )
  const extension = [subjectAltName, der('octetString', der('sequence', ...alternatives))]
  const toBeSigned = der(
    'sequence',
    der('version', der('integer', Buffer.of(2))),
    der('integer', Buffer.of(1), randomBytes(15)),
    algorithm,
    name,
    der('sequence', ...validity),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der('extensions', der('sequence', der('sequence', ...extension))),
  )
  const signature = sign('sha256', toBeSigned, keys.privateKey)
  const certificate = der(
    'sequence',
    toBeSigned,
    algorithm,
    der('bitString', Buffer.of(0), signature),
  )
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A tag, the length of the contents, the contents (ITU-T X.690 section 10). */
function der(tag: Tag, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  const sized =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tags[tag], ...sized), body])
}
