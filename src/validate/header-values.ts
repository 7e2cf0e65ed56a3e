/** Longest list that an app is sent, in bytes. */
export const maxListBytes = 8_192
const plain = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/
const plainItem = /^(?:[!-$&-+\--~](?:[ -$&-+\--~]*[!-$&-+\--~])?)?$/

/** A list as one header value, and whether it was cut at 8 KB, at the end of an item. */
interface ListValue {
  readonly value: string
  readonly cut: boolean
}

/**
 * A value as a header can carry it: each UTF-8 byte outside 0x20 to 0x7E, each `%` and a space at
 * either end becomes `%XX`. `decodeURIComponent` gives the text back; lone surrogates become U+FFFD.
 */
export function encodeHeaderValue(text: string): string {
  return plain.test(text) ? text : encodeBytes(text, false)
}

/** A list item, in which a comma is encoded too. */
export function encodeHeaderItem(text: string): string {
  return plainItem.test(text) ? text : encodeBytes(text, true)
}

function encodeBytes(text: string, inList: boolean): string {
  const bytes = Buffer.from(text.toWellFormed(), 'utf8')
  let encoded = ''
  bytes.forEach((byte, index) => {
    const atEnd = index === 0 || index === bytes.length - 1
    const escaped =
      byte < 0x20 ||
      byte > 0x7e ||
      byte === 0x25 ||
      (byte === 0x20 && atEnd) ||
      (byte === 0x2c && inList)
    encoded += escaped
      ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      : String.fromCharCode(byte)
  })
  return encoded
}

/** Encoded items; empty ones are dropped. */
export function encodeList(items: readonly string[], separator: string): ListValue {
  return joined(items.filter((item) => item !== '').map(encodeHeaderItem), separator)
}

/**
 * A value for apps that decode nothing: its UTF-8 bytes, each as the character of its number. Empty
 * for what could be read as something else on the way: a control character, or a space at either end,
 * which HTTP takes away.
 */
export function rawHeaderValue(text: string): string {
  if (/\p{Cc}|^\s|\s$/u.test(text)) return ''
  return Buffer.from(text.toWellFormed(), 'utf8').toString('latin1')
}

/** Such values with commas between them; one that has a comma would read as two, and is left out. */
export function rawList(items: readonly string[]): ListValue {
  const raw = items.filter((item) => !item.includes(',')).map(rawHeaderValue)
  return joined(
    raw.filter((item) => item !== ''),
    ',',
  )
}

function joined(items: readonly string[], separator: string): ListValue {
  let value = ''
  for (const item of items) {
    const longer = value === '' ? item : value + separator + item
    if (longer.length > maxListBytes) return { value, cut: true }
    value = longer
  }
  return { value, cut: false }
}
