import { describe, expect, test } from 'vitest'
import { askingLua } from '../../../src/cli/recipes/kong.ts'
import { recipe } from '../../../src/cli/recipes/recipes.ts'
import { all, handlerLua, runLua, schemaLua, throughKong } from './kong.ts'

test('the plugin and the recipe ask with the same Lua', () => {
  expect(handlerLua.split(/^-- shared -+\n/m)[1]).toBe(askingLua)
})

test('the plugin lets everybody reach the gateway’s own pages', async () => {
  const access = `local plugin = (function() ${handlerLua} end)()
    return function() return plugin:access({ own_pages = true }) end`
  expect(await throughKong(access, { headers: [['x-own', 'kept']] })).toEqual({
    app: [['x-own', 'kept']],
    logged: [],
  })
})

describe('the plugin’s settings', async () => {
  const typedefs =
    'package.loaded["kong.db.schema.typedefs"] = { protocols_http = {}, no_consumer = {} }'
  const schema = await runLua(`${typedefs}\nreturn (function() ${schemaLua} end)()`)
  const fields: Record<string, { default?: unknown; match?: string }> = Object.assign(
    {},
    ...schema.fields[2].config.fields,
  )

  test('H-01 clear every header of the default settings', () => {
    expect(fields.identity_headers?.default).toEqual(all)
  })

  test('wait as long as those of the recipe', () => {
    for (const name of ['connect_timeout', 'read_timeout', 'keepalive_timeout', 'ssl_verify'])
      expect(recipe('kong', { identity: all, passesToken: false })).toContain(
        `            ${name} = ${fields[name]?.default},\n`,
      )
  })

  test.each([
    ['http://gatehouse:8080/validate', true],
    ['https://gatehouse:8443/validate/allow/group:ops', true],
    ['gatehouse:8080/validate', false],
    ['http://gatehouse:8080', false],
    ['http://gatehouse:8080/validate?x=1', false],
    ['ftp://gatehouse/validate', false],
  ])('take %s as the URL: %s', async (url, taken) => {
    const match = `return string.match("${url}", "${fields.validate_url?.match}") ~= nil`
    expect(await runLua(match)).toBe(taken)
  })
})
