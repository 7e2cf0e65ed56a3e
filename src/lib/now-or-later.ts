/** A value that is there already, or will be. */
export type NowOrLater<T> = T | Promise<T>

/**
 * Goes on with a value at once where it is there, else when it comes. For the hot path: waiting for
 * what is there already costs more than most of its steps.
 */
export function after<T, R>(
  value: NowOrLater<T>,
  next: (value: T) => NowOrLater<R>,
): NowOrLater<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
