export const image = 'gatehouse'

/** Containers, networks and volumes of one run carry its name, so that `.ci/run` can remove what is left. */
export function runName(part: string): string {
  return `${process.env.GATEHOUSE_E2E_RUN ?? `gatehouse-e2e-${process.ppid}`}-${part}`
}
