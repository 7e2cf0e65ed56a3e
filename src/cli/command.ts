import type { ParseArgsOptionsConfig } from 'node:util'
import type { Environment } from '../config/environment.ts'
import type { Terminal } from './terminal.ts'

/** A command as somebody typed it. */
export interface Call {
  readonly operands: readonly string[]
  /** The value of an option, where it was given. */
  readonly text: (name: string) => string | undefined
  /** Whether an option without a value was given. */
  readonly flag: (name: string) => boolean
  readonly env: Environment
  readonly terminal: Terminal
  /** Tells of wrong usage; returns its exit code. */
  readonly refuse: (message: string) => number
}

export interface Command {
  /** How many operands it takes at most. */
  readonly operands?: number
  readonly options?: ParseArgsOptionsConfig
  /** Resolves to the exit code; undefined where it goes on running or sets it itself. */
  readonly run: (call: Call) => Promise<number | undefined>
}
