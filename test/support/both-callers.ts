import { expectPass, expectRefusal, expectRefusedPage, expectSignIn } from './decisions.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'

type Headers = Parameters<TestGateway['validate']>[0]
type Options = Parameters<TestGateway['validate']>[1]

/** A gateway that is asked about every request twice: by nobody, and by a browser that is signed in. */
export interface BothCallers extends AsyncDisposable {
  readonly site: TestGateway
  /** Of the app, which is `PUBLIC_URL`'s. */
  readonly host: string
  /** The `Cookie` header of the one who is signed in. */
  readonly cookie: string
  /** Both are refused with 400. */
  expectUnreadable(headers: Headers, options?: Options): Promise<void>
  /** Both are refused with 403, as a page and as a program. */
  expectOwnRoute(uri: string): Promise<void>
  /**
   * Nobody is sent to sign in and to come back to `back` (a path), a session passes; with headers that
   * change nothing, `back` is the page of the plain request.
   */
  expectUserRule(headers: Headers, back?: string, options?: Options): Promise<void>
}

export async function startBothCallers(): Promise<BothCallers> {
  const site = await startTestGateway()
  const { agent } = await site.signIn()
  const cookie = agent.cookies.header(new URL(site.url))
  return {
    site,
    cookie,
    host: new URL(site.url).host,
    async expectUnreadable(headers, options) {
      for (const more of [{}, { Cookie: cookie }]) {
        expectRefusal(
          await site.validate({ ...more, ...headers }, options),
          'bad_forwarded_request',
        )
      }
    },
    async expectOwnRoute(uri) {
      for (const more of [{}, { Cookie: cookie }]) {
        const headers = { ...more, 'X-Forwarded-Uri': uri }
        expectRefusedPage(await site.validate(headers), 'own_route')
        expectRefusal(await site.validate({ ...headers, Accept: '*/*' }), 'own_route')
      }
    },
    async expectUserRule(headers = {}, back = '/page?x=1', options) {
      const status = ['GET', undefined].includes(headers['X-Forwarded-Method'] as string)
        ? 302
        : 303
      expectSignIn(await site.validate(headers, options), site.url, site.url + back, status)
      expectPass(await site.validate({ Cookie: cookie, ...headers }, options))
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  }
}
