import { spawn } from 'node:child_process'

/** Opens a URL in the person's browser, without a shell; where that fails, nothing happens. */
export function openBrowser(url: URL, platform: NodeJS.Platform): void {
  const [program, ...args] = openerOf(platform)
  const opener = spawn(program, [...args, url.href], { detached: true, stdio: 'ignore' })
  opener.on('error', () => {})
  opener.unref()
}

function openerOf(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open']
  // `start` is a word of the shell, to which the & of a URL ends a command. This is what it calls.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return ['xdg-open']
}
