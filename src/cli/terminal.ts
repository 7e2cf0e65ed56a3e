/** Where a command writes its lines. */
export interface Terminal {
  out(line: string): void
  error(line: string): void
}

export const terminal: Terminal = {
  out: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
}

/** Exit codes of sysexits.h, as far as the command uses them. */
export const exitCodes = { ok: 0, failed: 1, usage: 64, configuration: 78 } as const
