/**
 * What servers that do not tell upper from lower case make of a text: compatibility forms as the plain
 * ones (Unicode standard annex 15), then one case. By way of upper case, since of some letters only that
 * is one, and of others only the lower case is; a sigma is the same wherever in a word it stands.
 */
export function folded(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
}

/** The segments of a folded path, as file systems that ignore dots and spaces at the end have them. */
export function trimmedSegments(path: string): string[] {
  return path
    .split('/')
    .map(trimmed)
    .filter((segment) => segment !== '')
}

function trimmed(segment: string): string {
  let end = segment.length
  while (segment[end - 1] === '.' || segment[end - 1] === ' ') end -= 1
  if (end > 0) return segment.slice(0, end)
  const dots = segment.replaceAll(' ', '')
  return dots === '.' || dots === '..' ? dots : ''
}
