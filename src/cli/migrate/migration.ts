import type { VariableName } from '../../config/variables.ts'
import type { Options } from './options.ts'

/** One variable, with what an operator has to know of it. */
export interface WrittenVariable {
  readonly name: VariableName | `${VariableName}_FILE`
  readonly value: string
  readonly comment: string | undefined
}

/** A rule of the file, as far as a migration writes them. */
export interface WrittenRule {
  readonly match: {
    readonly paths?: readonly string[]
    readonly methods?: readonly string[]
    readonly networks?: readonly string[]
  }
  readonly access: 'public' | 'user'
  readonly preflight?: true
  allow?: readonly string[]
}

/** What `CONFIG_FILE` is to hold. */
export interface WrittenFile {
  issuers?: Readonly<Record<string, object>>
  rules?: readonly WrittenRule[]
  default?: { readonly access: 'user'; readonly allow: readonly string[] }
}

/** Collects what a configuration of oauth2-proxy becomes. */
export class Migration {
  readonly options: Options
  readonly variables: WrittenVariable[] = []
  readonly rules: WrittenRule[] = []
  readonly file: WrittenFile = {}
  /** What has no counterpart: what to do, and the options that it is about. */
  readonly leftOver = new Map<string, string[]>()
  /** Options that narrowed who is let in, and cannot be written here. */
  readonly locks: string[] = []

  constructor(options: Options) {
    this.options = options
  }

  set(name: WrittenVariable['name'], value: string, comment?: string): void {
    this.variables.push({ name, value, comment })
  }

  /** Says what to do about options that are not taken over. */
  leave(advice: string, ...names: readonly string[]): void {
    const spelled = names.map((name) => this.options.spelled(name))
    this.leftOver.set(advice, [...new Set([...(this.leftOver.get(advice) ?? []), ...spelled])])
  }

  /** As `leave`, where leaving it out would let in more people: nobody is let in until that is settled. */
  lock(advice: string, ...names: readonly string[]): void {
    this.leave(advice, ...names)
    this.locks.push(...names.map((name) => this.options.spelled(name)))
  }
}
