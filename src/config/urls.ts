/**
 * Reads an absolute http or https URL without credentials, query and fragment; undefined for
 * anything else, also for the many spellings the WHATWG parser would repair.
 */
export function parseBaseUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\/?#@]+(\/[^\s\\?#]*)?$/i.test(text)) return
  return URL.parse(text) ?? undefined
}

/** True for a path in its plain form: single slashes, unreserved characters, no dot segments. */
export function isPlainPath(path: string): boolean {
  return /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(path)
}
