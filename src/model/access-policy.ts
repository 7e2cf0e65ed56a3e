import type { Condition } from './condition.ts'

/** What a request does to a resource, by its method. */
export const actions = ['read', 'write', 'create', 'update', 'delete'] as const

export type Action = (typeof actions)[number]

/** Resources as a statement names them: one, or all that begin alike. */
export interface ResourcePattern {
  /** Without the `*`. */
  readonly text: string
  /** Whether it ended in a `*`. */
  readonly prefix: boolean
}

/** One statement of the access policy. */
export interface Statement {
  readonly effect: 'permit' | 'forbid'
  readonly actions: readonly Action[]
  readonly resource: ResourcePattern
  /** All of them must hold. */
  readonly when: readonly Condition[]
  /** None of them may hold. */
  readonly unless: readonly Condition[]
}

/** Attributes of an identity, which conditions ask about; undefined where nobody knows. */
export type Attributes = Readonly<Record<string, readonly string[] | undefined>>
