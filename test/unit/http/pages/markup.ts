/** One piece of a page as a browser's tokenizer sees it (HTML standard, section 13.2.5). */
export type Token =
  | {
      readonly kind: 'tag'
      readonly name: string
      readonly attributes: readonly (readonly [string, string])[]
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'comment' }

const tagStart = /<(\/?[a-z][^\s/>]*)/iy
const attribute = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/y
const tagEnd = /[\s/=]*(?:>|$)/y
const comment = /<!--[\s\S]*?(?:-->|$)|<[!?/][^>]*(?:>|$)/y
const text = /<?[^<]*/y

/** Splits a page into tags, comments and text; `style` and `title` hold text up to their end tag. */
export function tokenize(page: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(page)
    at += match?.[0].length ?? 0
    return match
  }
  while (at < page.length) {
    const name = take(tagStart)?.[1]?.toLowerCase()
    if (name === undefined) {
      const other = take(comment) ? undefined : take(text)?.[0]
      tokens.push(other === undefined ? { kind: 'comment' } : textToken(other))
      continue
    }
    const attributes: [string, string][] = []
    for (let match = take(attribute); match; match = take(attribute)) {
      const [, key = '', double, single, bare] = match
      attributes.push([key.toLowerCase(), decode(double ?? single ?? bare ?? '')])
    }
    if (!take(tagEnd)) throw new Error(`no end of the tag at ${page.slice(at, at + 40)}`)
    tokens.push({ kind: 'tag', name, attributes })
    if (name === 'style' || name === 'title') {
      const end = page.toLowerCase().indexOf(`</${name}`, at)
      const content = page.slice(at, end === -1 ? page.length : end)
      at += content.length
      tokens.push(textToken(content))
    }
  }
  return tokens
}

function textToken(source: string): Token {
  return { kind: 'text', text: decode(source) }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decode(source: string): string {
  return source.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => entities[name] ?? '')
}

/** What a page is made of, its texts and values left out: `['html lang', 'h1', '/h1', …]`. */
export function skeleton(page: string): string[] {
  return tokenize(page).flatMap((token) => {
    if (token.kind === 'text') return []
    if (token.kind === 'comment') return ['comment']
    return [[token.name, ...token.attributes.map(([name]) => name)].join(' ')]
  })
}

/** The texts a reader sees, in order. */
export function texts(page: string): string[] {
  return tokenize(page).flatMap((token) => (token.kind === 'text' ? [token.text] : []))
}

/** The values of one attribute, in order. */
export function values(page: string, attributeName: string): string[] {
  return tokenize(page).flatMap((token) =>
    token.kind === 'tag'
      ? token.attributes.flatMap(([name, value]) => (name === attributeName ? [value] : []))
      : [],
  )
}
