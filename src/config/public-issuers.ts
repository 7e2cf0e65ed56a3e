/** `consumers` spelt as the tenant that stands for personal accounts. */
const personalAccountsTenant = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** Whether anyone can get an account at an issuer, so that signing in there proves nothing by itself. */
export function anyoneCanRegister(issuer: URL): boolean {
  switch (issuer.hostname) {
    case 'accounts.google.com':
    case 'appleid.apple.com':
    case 'account.apple.com':
    case 'gitlab.com':
    // Whoever has an account gets tokens for any audience.
    case 'token.actions.githubusercontent.com':
    case 'agent.buildkite.com':
    case 'app.terraform.io':
      return true
    case 'login.microsoftonline.com':
    case 'login.windows.net':
    case 'sts.windows.net':
      return ['common', 'organizations', 'consumers', personalAccountsTenant].includes(
        issuer.pathname.split('/')[1]?.toLowerCase() ?? '',
      )
    default:
      return false
  }
}
