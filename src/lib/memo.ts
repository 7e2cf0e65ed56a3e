/** A pure function of a text that remembers its answers, at most `max` of them. */
export interface Memo<T> {
  (text: string): T
  /** Forgets every answer, for when what they depend on has changed. */
  clear(): void
}

const longestRemembered = 256

/**
 * Remembers the answers of a function of a text, long texts aside. When it is full it forgets all:
 * texts that repeat are back at once, and a flood of others costs what it would without a memory.
 */
export function memo<T>(compute: (text: string) => T, max: number): Memo<T> {
  const known = new Map<string, { readonly answer: T }>()
  const remembered = (text: string): T => {
    const entry = known.get(text)
    if (entry) return entry.answer
    const answer = compute(text)
    if (text.length > longestRemembered) return answer
    if (known.size >= max) known.clear()
    known.set(text, { answer })
    return answer
  }
  return Object.assign(remembered, { clear: () => known.clear() })
}
