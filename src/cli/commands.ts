import { readTextFile } from '../config/environment.ts'
import type { Command } from './command.ts'
import { loginCommands } from './login/commands.ts'

/** What `gatehouse` can do beside `help`, by name; each loads its code when it runs. */
export const commands: Readonly<Record<string, Command>> = {
  serve: {
    async run({ env }) {
      const { serve } = await import('../main.ts')
      await serve(env)
      return undefined
    },
  },
  check: {
    async run({ env, terminal }) {
      const { check } = await import('./check.ts')
      const { liveProbes } = await import('./live-probes.ts')
      return check(env, liveProbes, terminal)
    },
  },
  headers: {
    operands: 1,
    async run({ operands: [proxy = ''], env, terminal, refuse }) {
      const { headers } = await import('./headers.ts')
      const { recipeProxies } = await import('./recipes/recipes.ts')
      if (!recipeProxies.includes(proxy)) return refuse(`headers knows ${recipeProxies.join(', ')}`)
      return headers(proxy, env, terminal)
    },
  },
  explain: {
    operands: 2,
    options: {
      token: { type: 'string' },
      as: { type: 'string' },
      from: { type: 'string' },
      'mcp-method': { type: 'string' },
      'mcp-name': { type: 'string' },
    },
    async run({ operands: [method, url], text, env, terminal, refuse }) {
      const { explain } = await import('./explain.ts')
      if (method === undefined || url === undefined)
        return refuse('explain needs a method and a URL')
      const [token, as, from] = [text('token'), text('as'), text('from')]
      if (token !== undefined && as !== undefined)
        return refuse('explain takes --token or --as, not both')
      const [mcpMethod, mcpName] = [text('mcp-method'), text('mcp-name')]
      return explain({ method, url, token, as, from, mcpMethod, mcpName }, env, terminal)
    },
  },
  key: {
    operands: 2,
    async run({ operands: [action, name], terminal, refuse }) {
      const { newKey } = await import('./key.ts')
      if (action !== 'new' || name === undefined) return refuse('key knows "new" and a name')
      return newKey(name, Date.now(), terminal)
    },
  },
  migrate: {
    operands: 3,
    async run({ operands: [from, source, proxy], env, terminal, refuse }) {
      const { migrateOauth2Proxy } = await import('./migrate/migrate.ts')
      const { recipeProxies } = await import('./recipes/recipes.ts')
      if (from !== 'oauth2-proxy' || source === undefined)
        return refuse('migrate knows "oauth2-proxy", and a file or "env" after it')
      if (proxy !== undefined && !recipeProxies.includes(proxy))
        return refuse(`migrate knows ${recipeProxies.join(', ')}`)
      return migrateOauth2Proxy(source, proxy, env, readTextFile, terminal)
    },
  },
  ...loginCommands,
  demo: {
    async run() {
      const { main } = await import('../../demo/main.ts')
      await main()
      return undefined
    },
  },
  'sample-app': {
    async run() {
      const { main } = await import('../../demo/sample-app.ts')
      await main()
      return undefined
    },
  },
  health: {
    async run({ env, terminal }) {
      const { health } = await import('./health.ts')
      return health(env, terminal)
    },
  },
}
