import { expect, it } from 'vitest'
import { ValkeyConnection } from '../../../src/storage/valkey.ts'

it.each([
  'http://user:hunter2@valkey:6379',
  'redis://',
  'redis://user:hunter2@valkey:99999',
  'redis://user:hunter2@valkey/sessions',
  'redis://user:hunter2%zz@valkey',
  'user:hunter2@valkey:6379',
])('G-10 %s is refused with an example, and its password is not shown', (url) => {
  const open = () => new ValkeyConnection(url, {}, () => {})
  expect(open).toThrow('write it like redis://user:password@valkey:6379/0')
  expect(open).not.toThrow('hunter2')
})
