/** Markup that goes into a page as it is. Only the `html` tag makes it. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a template may hold; undefined leaves nothing. */
export type Value = string | number | Html | readonly Html[] | undefined

/**
 * Template tag for markup. Every value is escaped for text and for double-quoted attributes, unless
 * it is markup itself; arrays are joined. Line breaks of the template go, with the indent after them.
 */
export function html(template: TemplateStringsArray, ...values: Value[]): Html {
  const markup = template.map((piece, i) => piece.replace(/\n\s*/g, '') + render(values[i]))
  return new Html(markup.join(''))
}

function render(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(render).join('')
  return escaped(String(value))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** Characters that break lines or reorder text become visible: two names never look alike by them. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\uFFFD')
    .replace(/[&<>"]/g, (character) => entities[character] ?? '')
}

/** The first characters (code points) of a text, with an ellipsis where it was longer. */
export function cut(text: string, max: number): string {
  const characters = [...text.slice(0, 2 * max + 2)]
  return characters.length > max ? `${characters.slice(0, max - 1).join('')}…` : characters.join('')
}
