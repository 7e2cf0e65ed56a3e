import { expect, test } from 'vitest'
import { run } from '../../../../src/cli/run.ts'
import { recordingTerminal } from '../recording-terminal.ts'

test.each([
  [['login'], 'login needs the URL of an app or API'],
  [['login', 'https://a', 'https://b'], 'login takes no "https://b"'],
  [['login', 'https://a', '--port', '99999'], '--port takes a number'],
  [['login', 'https://a', '--port', 'x'], '--port takes a number'],
  [['login', 'https://a', '--redirect-path', 'x'], '--redirect-path takes a path'],
  [['login', 'https://a', '--redirect-path', '/x?y'], '--redirect-path takes a path'],
  [['token', '--device'], "Unknown option '--device'"],
  [['whoami', 'a', 'b'], 'whoami takes no "b"'],
  [['logout', 'a', 'b'], 'logout takes no "b"'],
])('%j is wrong usage', async (args, message) => {
  const { terminal, lines, errors } = recordingTerminal()
  expect(await run(args, {}, terminal)).toBe(64)
  expect(lines).toEqual([])
  expect(errors[0]).toContain(message)
})
