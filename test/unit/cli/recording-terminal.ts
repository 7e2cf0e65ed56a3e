import type { Terminal } from '../../../src/cli/terminal.ts'

/** Keeps what a command writes. */
export function recordingTerminal() {
  const lines: string[] = []
  const errors: string[] = []
  const terminal: Terminal = {
    out: (line) => lines.push(...line.split('\n')),
    error: (line) => errors.push(...line.split('\n')),
  }
  return { terminal, lines, errors }
}
