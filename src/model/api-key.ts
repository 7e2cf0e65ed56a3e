/** A key that a program sends: the gateway knows its hash only. */
export interface ApiKey {
  /** Of the service that it proves. */
  readonly name: string
  /** SHA-256 of the whole key, in lower-case hexadecimal digits. */
  readonly hash: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}
