/** One thing an operator has to change, and what to write instead. */
export interface Problem {
  readonly variable: string
  readonly message: string
  /** A value that would do. */
  readonly example?: string
}

/** Collects what is wrong, so that an operator hears everything at once. */
export class Findings {
  readonly problems: Problem[] = []
  readonly warnings: Problem[] = []

  /** Something that stops the start. */
  refuse(variable: string, message: string, example?: string): undefined {
    this.problems.push({ variable, message, ...(example !== undefined && { example }) })
  }

  /** Whether a variable, or the file it names, was refused already. */
  refused(variable: string): boolean {
    return this.problems.some((problem) =>
      [variable, `${variable}_FILE`].includes(problem.variable),
    )
  }

  /** Something that does not stop the start, and that an operator should know. */
  warn(variable: string, message: string): undefined {
    this.warnings.push({ variable, message })
  }
}

/** The problem on one line, as the log and the terminal show it. */
export function renderProblem({ variable, message, example }: Problem): string {
  const advice = example === undefined ? '' : `; for example ${variable}=${example}`
  return `${variable}: ${message}${advice}`
}

const longestQuote = 120

/**
 * A value as a message may show it: on one line, cut, and without the password of a URL.
 * Values of secret variables are never shown, not even so.
 */
export function quoted(value: string): string {
  const shown = withoutPassword(value)
  return JSON.stringify(shown.length > longestQuote ? `${shown.slice(0, longestQuote)}…` : shown)
}

/** A URL with what stands before its `@` masked; other texts as they are. */
export function withoutPassword(value: string): string {
  return value.replace(/^([^/?#@]*\/\/)?.*@/s, '$1***@')
}
