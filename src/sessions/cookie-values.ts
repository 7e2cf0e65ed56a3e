/**
 * The different values that a `Cookie` header gives to one name, which is compared byte for byte
 * (RFC 6265 section 5.4 lets a name appear more than once).
 */
export function cookieValues(header: string, name: string): string[] {
  const values: string[] = []
  const pair = `${name}=`
  let at = header.indexOf(pair)
  while (at !== -1) {
    let end = header.indexOf(';', at)
    if (end === -1) end = header.length
    if (startsPair(header, at)) {
      const value = header.slice(at + pair.length, end)
      if (!values.includes(value)) values.push(value)
    }
    at = header.indexOf(pair, end)
  }
  return values
}

/** Whether nothing but spaces stands between a position and the semicolon before it. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (header.charCodeAt(before) === 0x20) before -= 1
  return before < 0 || header.charCodeAt(before) === 0x3b
}
