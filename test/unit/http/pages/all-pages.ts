import { accountPage } from '../../../../src/http/pages/account-page.ts'
import {
  callbackErrorCodes,
  callbackErrorPage,
} from '../../../../src/http/pages/callback-error-page.ts'
import { errorPage } from '../../../../src/http/pages/error-page.ts'
import { framePage } from '../../../../src/http/pages/frame-page.ts'
import { loggedOutPage, logoutConfirmPage } from '../../../../src/http/pages/logout-pages.ts'
import { type RefusalCode, refusedPage } from '../../../../src/http/pages/refused-page.ts'
import { signInLoopPage } from '../../../../src/http/pages/sign-in-loop-page.ts'
import { codes } from '../../../../src/model/codes.ts'
import { anonymous } from '../../../../src/model/identity.ts'

const signInAgain = new Set(['unauthenticated', 'session_expired', 'invalid_token'])

export const refusalCodes = Object.keys(codes).filter(
  (code): code is RefusalCode => !signInAgain.has(code),
)

const time = Date.UTC(2026, 10, 22, 14, 5)

/** Every page, with one text at every place where a text of others may stand. */
export const pagesWith: Readonly<Record<string, (text: string) => string>> = {
  ...Object.fromEntries(
    refusalCodes.map((code) => [
      `refused: ${code}`,
      (text: string) =>
        refusedPage({
          code,
          account: { label: text },
          host: text,
          decisionId: text,
          switchAccountUrl: text,
          signOutUrl: text,
        }),
    ]),
  ),
  ...Object.fromEntries(
    callbackErrorCodes.map((code) => [
      `callback error: ${code}`,
      (text: string) => callbackErrorPage({ code, requestId: text, retryUrl: text }),
    ]),
  ),
  frame: (text) => framePage({ loginUrl: text, host: text }),
  'sign-in loop': (text) => signInLoopPage({ host: text, authHost: text, requestId: text }),
  'sign-out question': (text) =>
    logoutConfirmPage({ action: text, returnTo: text, account: { label: text } }),
  'signed out': (text) => loggedOutPage({ signInUrl: text }),
  error: (text) =>
    errorPage({ status: 404, title: 'Not here', message: 'Look elsewhere.', requestId: text }),
  account: (text) =>
    accountPage({
      identity: {
        ...anonymous,
        name: text,
        username: text,
        email: text,
        roles: [text, text],
        groups: Array.from({ length: 60 }, () => text),
      },
      providerLabel: text,
      session: { publicId: text, createdAt: time, endsAt: time + 3_600_000 },
      others: [{ publicId: text, createdAt: time, lastUsedAt: time, userAgent: text }],
      actions: { end: text, logout: text },
    }),
}
