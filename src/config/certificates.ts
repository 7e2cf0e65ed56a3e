import { X509Certificate } from 'node:crypto'

/** The certificates of a PEM text in its order; undefined where it has none, or one is not readable. */
export function readCertificates(
  pem: string,
): readonly [X509Certificate, ...X509Certificate[]] | undefined {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? []
  try {
    const [first, ...more] = texts.map((text) => new X509Certificate(text))
    return first && [first, ...more]
  } catch {
    return
  }
}
