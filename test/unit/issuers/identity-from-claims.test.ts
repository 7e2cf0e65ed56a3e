import { describe, expect, test } from 'vitest'
import type { ClaimSettings } from '../../../src/config/settings.ts'
import {
  type ClaimSources,
  hasGroupsOverage,
  identityFromClaims,
} from '../../../src/issuers/identity-from-claims.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'

const settings: ClaimSettings = {
  roles: ['roles'],
  groups: ['groups'],
  groupsAllowlist: [],
  kept: [],
  admins: [],
}
const known = {
  provider: 'default',
  issuer: 'https://login.example.com',
  subject: 's1',
  sessionId: 'p1',
  clientId: 'gatehouse',
  scopes: [],
}
const elsewhere = {
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint: 'https://graph.example/groups' } },
}

const groupsOf = (sources: ClaimSources, before?: Identity, changes: Partial<ClaimSettings> = {}) =>
  identityFromClaims(sources, { ...settings, ...changes }, known, before).groups

describe('groups that are elsewhere', () => {
  const overages: [string, ClaimSources][] = [
    ['the id token', { idToken: elsewhere }],
    ['the access token', { idToken: {}, accessToken: elsewhere }],
    ['userinfo', { idToken: {}, userinfo: elsewhere }],
  ]

  test.each(overages)('as %s says, are none', (_name, sources) => {
    expect(hasGroupsOverage(sources, settings)).toBe(true)
    expect(groupsOf(sources)).toEqual([])
  })

  test.each(overages)('as %s says, are not those of before', (_name, sources) => {
    expect(groupsOf(sources, { ...anonymous, groups: ['ops'] })).toEqual([])
  })

  test('are those of before where nothing is said of them', () => {
    const before = { ...anonymous, groups: ['ops'] }
    expect(hasGroupsOverage({ idToken: {} }, settings)).toBe(false)
    expect(groupsOf({ idToken: {} }, before)).toEqual(['ops'])
  })

  test('are known where any source lists them', () => {
    const sources = { idToken: elsewhere, userinfo: { groups: ['ops'] } }
    expect(hasGroupsOverage(sources, settings)).toBe(false)
    expect(groupsOf(sources)).toEqual(['ops'])
  })

  test('leave those of another claim as they are', () => {
    const groups = ['groups', 'teams']
    const sources = { idToken: { ...elsewhere, teams: ['platform'] } }
    expect(hasGroupsOverage(sources, { ...settings, groups })).toBe(true)
    expect(groupsOf(sources, undefined, { groups })).toEqual(['platform'])
  })

  test('are found by the first name of a path, and by a name with dots', () => {
    const named = (name: string) => ({ idToken: { _claim_names: { [name]: 'src1' } } })
    const wanted = (path: string) => ({ ...settings, groups: [path] })
    expect(hasGroupsOverage(named('org'), wanted('org.groups'))).toBe(true)
    expect(hasGroupsOverage(named('https://a.example/g'), wanted('https://a.example/g'))).toBe(true)
    expect(hasGroupsOverage(named('roles'), wanted('groups'))).toBe(false)
  })

  test.each([['src1'], [null], [7], [['groups']], [{}], [Object.create({ groups: 'src1' })]])(
    'take _claim_names that names them, which %j does not',
    (names) => {
      expect(hasGroupsOverage({ idToken: { _claim_names: names } }, settings)).toBe(false)
    },
  )

  test('do not matter where no claim of groups is read', () => {
    const sources = { idToken: elsewhere }
    expect(hasGroupsOverage(sources, { ...settings, groups: [] })).toBe(false)
  })

  test('say nothing of roles', () => {
    const sources = { idToken: { ...elsewhere, roles: ['admin'] } }
    expect(identityFromClaims(sources, settings, known).roles).toEqual(['admin'])
  })
})
