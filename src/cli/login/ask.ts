import { failed } from './failure.ts'

const timeoutMs = 10_000
const maxBytes = 256 * 1024

/** One GET without a credential; redirects are answers. Rejects with a Failure where none comes. */
export async function ask(url: URL): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    throw failed(`${url} does not answer`, error)
  }
}

/** The JSON object of a 200, up to a quarter of a megabyte; undefined for anything else. */
export async function jsonOf(answer: Response): Promise<Record<string, unknown> | undefined> {
  if (answer.status !== 200) {
    await answer.body?.cancel()
    return
  }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of answer.body ?? []) {
      size += chunk.length
      if (size > maxBytes) return
      chunks.push(chunk)
    }
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return
  }
}
