import { isWritable } from './allow-entries.ts'
import { groupEntries } from './groups.ts'
import type { Migration } from './migration.ts'

/** An entry that fits nobody: the domain is reserved (RFC 2606). */
const nobody = 'email:nobody@example.invalid'
const allowFile = '/etc/gatehouse/allow'

/** Who is let in: who has one of the addresses and, where groups are named, one of the groups. */
interface People {
  readonly addresses: 'anyone' | readonly string[]
  readonly groups: readonly string[] | undefined
}

/** Reads who is let in; what of it cannot be written is a lock. */
export function readPeople(migration: Migration): People {
  lockForeignRestrictions(migration)
  return { addresses: addressEntries(migration), groups: groupEntries(migration) }
}

/** Writes who is let in, last of all: where there is a lock it is nobody. */
export function writePeople(migration: Migration, { addresses, groups }: People): void {
  const { options, locks } = migration
  const emails = options.text('authenticated_emails_file')
  if (locks.length > 0)
    migration.set(
      'ALLOW',
      nobody,
      `Nobody, until you have said who in place of ${locks.join(', ')}.`,
    )
  else if (addresses === 'anyone')
    migration.set('ALLOW', groups?.join(',') ?? '*', groups ? undefined : 'Anyone, as before.')
  else {
    if (emails !== undefined)
      migration.set(
        'ALLOW_FILE',
        allowFile,
        `The addresses, as: sed -E 's/^[[:space:]]*([^#[:space:]])/email:\\1/' ${emails}`,
      )
    if (addresses.length > 0) migration.set('ALLOW', addresses.join(','))
  }
  // Addresses are in ALLOW then, and both have to fit.
  if (groups && (addresses !== 'anyone' || locks.length > 0)) {
    migration.file.default = { access: 'user', allow: groups }
    for (const rule of migration.rules) if (rule.access === 'user') rule.allow = groups
  }
}

/** Whose addresses fit, without those of the file of addresses. */
function addressEntries(migration: Migration): People['addresses'] {
  const { options } = migration
  const domains = options.list('email_domains')
  const hasFile = options.text('authenticated_emails_file') !== undefined
  const claims = ['oidc_email_claim', 'user_id_claim'].flatMap((name) => options.text(name) ?? [])
  if (domains.includes('*')) return 'anyone'
  if (domains.length === 0 && !hasFile)
    migration.lock(
      'is not set here, and oauth2-proxy does not start without it or a file of addresses: say in ALLOW who may sign in',
      'email_domains',
    )
  const claim = claims.find((name) => name !== 'email')
  if (claim !== undefined)
    migration.lock(
      `addresses are those of the claim email, not of ${claim}: say by user:, group: or role: who may sign in`,
      'oidc_email_claim',
    )
  const entries = domains.filter((one) => !/^\*?\./.test(one) && isWritable(`domain:${one}`))
  const odd = domains.filter((domain) => !entries.includes(domain))
  const advice = `${odd.join(', ')}: an entry is one domain, without those below it; write each as domain:`
  if (odd.length > 0 && (entries.length > 0 || hasFile)) migration.leave(advice, 'email_domains')
  else if (odd.length > 0) migration.lock(advice, 'email_domains')
  return entries.map((domain) => `domain:${domain}`)
}

/** What providers are asked for that are not OpenID providers. */
function lockForeignRestrictions(migration: Migration): void {
  const { options } = migration
  const names = [
    ...['bitbucket_team', 'bitbucket_repository', 'entra_id_allowed_tenants', 'github_org'],
    ...['github_repo', 'github_team', 'github_users'],
    // Whoever is in one of the groups needs no project.
    ...(options.list('gitlab_groups').length === 0 ? ['gitlab_projects'] : []),
  ]
  const set = names.filter((name) => options.text(name) !== undefined)
  if (set.length > 0)
    migration.lock(
      'is not in the tokens of an OpenID provider: say by group:, role:, user:, email: or domain: who may sign in',
      ...set,
    )
}
