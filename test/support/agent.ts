import { type Dispatcher, request } from 'undici'
import { CookieJar } from './cookie-jar.ts'

export interface AgentRequest {
  readonly method?: string
  /** Replace those of a navigation; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer and the URL it came from. */
export interface Answer {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; throws where it is none. */
  json(): unknown
}

const navigation = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  'user-agent': 'Mozilla/5.0 (test agent)',
}

const formHeaders = {
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-site': 'same-origin',
}

const maxRedirects = 20

/**
 * A browser without a screen: one cookie jar, headers of a navigation, redirects followed by hand.
 * (Node's `fetch` will not do: it sends `Sec-Fetch-Mode: cors` whatever it is told.)
 */
export class Agent {
  readonly cookies = new CookieJar()
  readonly #dispatcher: Dispatcher | undefined

  /** @param dispatcher - makes the connections, where the usual ones will not do */
  constructor(dispatcher?: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  /** One request, redirects not followed. */
  async fetch(url: string | URL, init: AgentRequest = {}): Promise<Answer> {
    const target = new URL(url)
    const cookie = this.cookies.header(target)
    const body = init.form ? new URLSearchParams(init.form).toString() : (init.body ?? null)
    const response = await request(target, {
      method: (init.method ?? (body === null ? 'GET' : 'POST')) as 'GET',
      headers: defined({
        ...navigation,
        ...(cookie && { cookie }),
        ...(init.form && { ...formHeaders, origin: target.origin }),
        ...init.headers,
      }),
      body,
      ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
    })
    const headers = new Headers()
    for (const [name, value] of Object.entries(response.headers)) {
      for (const item of [value ?? []].flat()) headers.append(name, item)
    }
    const text = await response.body.text()
    this.cookies.store(target, headers.getSetCookie())
    const { statusCode: status } = response
    return { url: target.href, status, headers, text, json: () => JSON.parse(text) }
  }

  /** One request and the redirects after it, up to the first answer that is none. */
  async follow(url: string | URL, init: AgentRequest = {}): Promise<Answer> {
    let answer = await this.fetch(url, init)
    for (let count = 0; count < maxRedirects; count += 1) {
      const location = answer.headers.get('location')
      if (!location || answer.status < 300 || answer.status > 399) return answer
      answer = await this.fetch(new URL(location, answer.url))
    }
    throw new Error(`more than ${maxRedirects} redirects, the last from ${answer.url}`)
  }
}

function defined(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}
