import { type DestinationStream, type Logger, pino } from 'pino'

/** Where log lines go, as objects and, on the hot path, as lines already made. */
export interface Log {
  readonly logger: Logger
  /** Writes one line of JSON, its line end included. */
  readonly writeLine: (line: string) => void
  /** Resolves when every line so far is written. */
  flush(): Promise<void>
}

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
 * One JSON object a line. Lines are gathered for up to a quarter of a second, so that one costs a
 * request next to nothing; if nobody reads them, the newest beyond 8 MB are dropped.
 *
 * @param destination - standard output where absent
 */
export function openLog(level: string, destination?: DestinationStream): Log {
  const gathered = destination
    ? undefined
    : pino.destination({
        dest: 1,
        sync: false,
        minLength: 65_536,
        maxWrite: 131_072,
        maxLength: 8_388_608,
        periodicFlush: 250,
      })
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
    writeLine: (line) => target.write(line),
    flush: () =>
      new Promise((resolve) => {
        if (gathered) gathered.flush(() => resolve())
        else resolve()
      }),
  }
}
