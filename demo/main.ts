import { demoUsers } from './idp/users.ts'
import { portFrom } from './listen.ts'
import { type Demo, startDemo } from './start-demo.ts'

/**
 * The `demo` command: `PORT` (8080), `OPS_PORT` (9090), `HOST`, `PUBLIC_URL`, `LOG_LEVEL`. Prints the one
 * URL to open and runs until SIGTERM or Ctrl-C. Nothing of it outlives the process.
 */
export async function main(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const wanted = {
    port: portFrom(env, 'PORT', 8080),
    opsPort: portFrom(env, 'OPS_PORT', 9090),
  }
  const demo = await startDemo({
    ...wanted,
    host: env.HOST ?? '0.0.0.0',
    publicUrl: env.PUBLIC_URL?.replace(/\/$/, ''),
    logLevel: env.LOG_LEVEL,
  })
  process.stdout.write(welcome(demo, wanted))
  // Not `once`: npm and the terminal both pass on a Ctrl-C, and the second must not cut the first short.
  const stop = () => void demo[Symbol.asyncDispose]()
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function welcome({ url, ...used }: Demo, wanted: { port: number; opsPort: number }): string {
  const taken = (['port', 'opsPort'] as const)
    .filter((which) => wanted[which] !== 0 && wanted[which] !== used[which])
    .map((which) => `  Port ${wanted[which]} is taken: using ${used[which]} instead.\n\n`)
  const users = demoUsers.map(({ username, name, roles, groups }) => {
    const memberships = [...roles, ...groups].join(', ') || 'no roles or groups'
    return `    ${username.padEnd(8)}${name.padEnd(16)}${memberships}\n`
  })
  return `
  Gatehouse demo: an app without sign-in code, behind the gateway.

${taken.join('')}  Open ${url}

  You can sign in, without a password, as
${users.join('')}
  To try:
    a private window is a second browser: sign in there as well, then end one session
      at ${url}/idp/demo and reload both;
    curl -i -H 'x-user-id: alice' ${url}/headers
      claims to be somebody, and is refused.

  Ctrl-C stops it.

`
}

// Without a container around it, the demo is for this machine alone.
if (import.meta.main) await main({ HOST: '127.0.0.1', OPS_PORT: '0', ...process.env })
