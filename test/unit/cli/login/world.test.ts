import { expect, test } from 'vitest'
import { hasBrowser } from '../../../../src/cli/login/world.ts'

test.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { DISPLAY: ':10', SSH_CONNECTION: '1 2 3 4' }, false],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: '1 2 3 4' }, false],
  ['win32', {}, true],
] as const)('a browser on %s with %j: %s', (platform, env, expected) => {
  expect(hasBrowser({ platform, env })).toBe(expected)
})
