import type { AppSettings, HostPattern } from '../../src/config/settings.ts'

/** One app that asks for nothing, with changes. */
export function testApp(changes: Partial<AppSettings> = {}): AppSettings {
  return {
    name: 'default',
    hosts: [],
    rules: [],
    headers: { sets: ['x-user'], own: [] },
    token: 'off',
    signIn: {},
    ...changes,
  }
}

/** One app with these hosts. */
export function appsAt(...hosts: HostPattern[]): readonly [AppSettings] {
  return [testApp({ hosts })]
}
