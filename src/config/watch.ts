import type { Environment, ReadFile } from './environment.ts'

const everyMs = 2_000

/** The files whose change is taken over while the process runs, by the variables that name them. */
function watchedFiles(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, path]) =>
    path && (name === 'CONFIG_FILE' || /^(?:OIDC_\w+_)?ALLOW_FILE$/.test(name)) ? [path] : [],
  )
}

/**
 * Calls `changed` whenever the text of `CONFIG_FILE` or of an allow list's file is another one. Texts
 * are compared, every two seconds: unlike notices of the file system that also sees what a mounted
 * ConfigMap does, and what a network file system brings.
 *
 * @returns what ends the watching
 */
export function watchSettings(
  env: Environment,
  readFile: ReadFile,
  changed: () => void,
): () => void {
  const files = watchedFiles(env)
  if (files.length === 0) return () => {}
  const texts = () => files.map((path) => textOf(path, readFile))
  let known = JSON.stringify(texts())
  const timer = setInterval(() => {
    const now = JSON.stringify(texts())
    if (now === known) return
    known = now
    changed()
  }, everyMs).unref()
  return () => clearInterval(timer)
}

/** Undefined where it cannot be read: that is a change too. */
function textOf(path: string, readFile: ReadFile): string | undefined {
  try {
    return readFile(path)
  } catch {
    return
  }
}
