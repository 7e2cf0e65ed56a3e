/**
 * The different values that a `Cookie` header gives to one name, which is compared byte for byte
 * (RFC 6265 section 5.4 lets a name appear more than once).
 */
export function cookieValues(header: string, name: string): string[] {
  const values = new Set<string>()
  let start = 0
  while (start < header.length) {
    let end = header.indexOf(';', start)
    if (end === -1) end = header.length
    while (header.charCodeAt(start) === 0x20) start += 1
    if (header.startsWith(name, start) && header.charCodeAt(start + name.length) === 0x3d) {
      values.add(header.slice(start + name.length + 1, end))
    }
    start = end + 1
  }
  return [...values]
}
