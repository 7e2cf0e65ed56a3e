/** What a recipe has to name. */
export interface RecipeNames {
  /** Every identity header that some 200 carries, in lower case; `x-request-id` among them. */
  readonly identity: readonly string[]
  /** Whether some app is passed a token, as `authorization`. */
  readonly passesToken: boolean
}

/** A line for each name. */
export function lines(names: readonly string[], format: (name: string) => string): string {
  return names.map(format).join('\n')
}

/** As the variables of nginx and HAProxy spell a header. */
export function variable(name: string): string {
  return name.replaceAll('-', '_')
}
