import { spawnSync } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockFile } from '../../../../src/cli/login/file-lock.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-lock-'))
  path = join(folder, 'lock')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('one holds it at a time, and every one has its turn', async () => {
  let holders = 0
  const turns: number[] = []
  await Promise.all(
    Array.from({ length: 8 }, async (_, turn) => {
      await using _lock = await lockFile(path)
      holders += 1
      expect(holders).toBe(1)
      await new Promise(setImmediate)
      turns.push(turn)
      holders -= 1
    }),
  )
  expect(turns.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(readdirSync(folder)).toEqual([])
})

test('names its process, for this person alone', async () => {
  await using _lock = await lockFile(path)
  expect(readFileSync(path, 'utf8').split(' ').slice(0, 2)).toEqual([`${process.pid}`, hostname()])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('that of a process which is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  writeFileSync(path, `${pid} ${hostname()} x`)
  await using _lock = await lockFile(path)
  expect(readFileSync(path, 'utf8')).toContain(`${process.pid} `)
  expect(readdirSync(folder)).toEqual(['lock'])
})

test('one over a minute old is taken over, and its former holder leaves it alone', async () => {
  const former = await lockFile(path)
  utimesSync(path, 0, 0)
  await using _lock = await lockFile(path)
  await former[Symbol.asyncDispose]()
  expect(readdirSync(folder)).toEqual(['lock'])
})
