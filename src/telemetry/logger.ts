import { type DestinationStream, type Logger, pino } from 'pino'
import { LineBuffer } from './line-buffer.ts'

/** Where log lines go, as objects and, on the hot path, as lines already made. */
export interface Log {
  readonly logger: Logger
  /** Writes one line of JSON in ASCII, its line end included. */
  readonly writeAscii: (line: string) => void
  /** Resolves when every line so far is written. */
  close(): Promise<void>
}

const standardOutput = 1

let lastMs = 0
let lastTime = ''

/** The time now as log lines have it (RFC 3339, milliseconds). */
export function logTime(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastTime = new Date(now).toISOString()
  }
  return lastTime
}

/**
 * One JSON object a line.
 *
 * @param destination - standard output where absent
 */
export function openLog(level: string, destination?: DestinationStream): Log {
  const gathered = destination ? undefined : new LineBuffer(standardOutput)
  const target = destination ?? (gathered as DestinationStream)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${logTime()}"`,
      formatters: { level: (label: string) => ({ level: label }) },
    },
    target,
  )
  return {
    logger,
    writeAscii: (line) => (gathered ? gathered.writeAscii(line) : target.write(line)),
    close: async () => gathered?.close(),
  }
}
