import { type DestinationStream, type Logger, pino } from 'pino'

/**
 * One JSON object a line on standard output. Lines are gathered for up to a quarter of a second, so
 * that a log line costs a request next to nothing.
 *
 * @param destination - where lines go; standard output where absent
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (destination) return pino(options, destination)
  return pino(
    options,
    pino.destination({ dest: 1, sync: false, minLength: 16_384, periodicFlush: 250 }),
  )
}
