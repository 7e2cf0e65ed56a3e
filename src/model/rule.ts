/** What a request must bring to pass. */
export interface Rule {
  readonly name: string
  readonly access: 'public' | 'optional' | 'user' | 'service' | 'any' | 'deny'
}
