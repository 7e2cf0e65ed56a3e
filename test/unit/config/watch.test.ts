import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchSettings } from '../../../src/config/watch.ts'

let files: Record<string, string>
const readFile = (path: string) => {
  const text = files[path]
  if (text === undefined) throw new Error('ENOENT')
  return text
}
const changed = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  changed.mockReset()
  files = { '/apps': 'a', '/allow': 'b', '/partner': 'c', '/secret': 'd' }
})
afterEach(() => {
  vi.useRealTimers()
})

const env = {
  CONFIG_FILE: '/apps',
  ALLOW_FILE: '/allow',
  OIDC_PARTNER_ALLOW_FILE: '/partner',
  SESSION_SECRET_FILE: '/secret',
}

test.each(['/apps', '/allow', '/partner'])('a change of %s is seen, once', (path) => {
  const stop = watchSettings(env, readFile, changed)
  vi.advanceTimersByTime(10_000)
  expect(changed).not.toHaveBeenCalled()
  files[path] = 'changed'
  vi.advanceTimersByTime(10_000)
  expect(changed).toHaveBeenCalledTimes(1)
  delete files[path]
  vi.advanceTimersByTime(10_000)
  expect(changed).toHaveBeenCalledTimes(2)
  stop()
  files[path] = 'once more'
  vi.advanceTimersByTime(10_000)
  expect(changed).toHaveBeenCalledTimes(2)
})

test('secrets are not watched, and nothing is where nothing can change', () => {
  watchSettings(env, readFile, changed)
  files['/secret'] = 'changed'
  vi.advanceTimersByTime(10_000)
  expect(changed).not.toHaveBeenCalled()
  vi.clearAllTimers()
  watchSettings({ SESSION_SECRET_FILE: '/secret' }, readFile, changed)
  expect(vi.getTimerCount()).toBe(0)
})
