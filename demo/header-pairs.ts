/** A header as received: its name in lower case, its value untouched. */
export type HeaderPair = readonly [name: string, value: string]

/** RFC 9110 section 7.6.1, and `Expect`, which the server in front has answered. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Node's flat list of names and values as pairs. */
export function headerPairs(rawHeaders: readonly string[]): HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    pairs.push([(rawHeaders[i] as string).toLowerCase(), rawHeaders[i + 1] as string])
  }
  return pairs
}

/** What may go on to the next hop: neither hop-by-hop headers nor any that `Connection` names. */
export function endToEnd(pairs: readonly HeaderPair[]): HeaderPair[] {
  const named = pairs
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.split(','))
    .map((token) => token.trim().toLowerCase())
  const dropped = new Set([...hopByHop, ...named])
  return pairs.filter(([name]) => !dropped.has(name))
}

/** The pairs without some names, followed by others in their place. */
export function replaceHeaders(
  pairs: readonly HeaderPair[],
  names: Iterable<string>,
  replacements: readonly HeaderPair[],
): HeaderPair[] {
  const dropped = new Set(names)
  return [...pairs.filter(([name]) => !dropped.has(name)), ...replacements]
}
