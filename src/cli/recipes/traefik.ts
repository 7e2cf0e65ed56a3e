import { lines, type RecipeNames } from './names.ts'

const asFile = (name: string, headers: readonly string[]) => `    ${name}:
      forwardAuth:
        address: http://gatehouse:8080/validate
        trustForwardHeader: false
        authResponseHeaders:
${lines(headers, (header) => `          - ${header}`)}`

const asLabels = (name: string, headers: readonly string[]) =>
  [
    'address: http://gatehouse:8080/validate',
    'trustForwardHeader: "false"',
    `authResponseHeaders: ${headers.join(',')}`,
  ]
    .map((setting) => `  traefik.http.middlewares.${name}.forwardauth.${setting}`)
    .join('\n')

/** Traefik deletes exactly the headers it is named from what a client sends. */
export function traefik({ identity, passesToken }: RecipeNames): string {
  const middlewares = new Map([['gatehouse', identity]])
  if (passesToken) middlewares.set('gatehouse-token', [...identity, 'authorization'])
  const each = (format: typeof asFile) =>
    [...middlewares].map(([name, headers]) => format(name, headers)).join('\n')
  const token = `
# Apps that are passed a token use gatehouse-token. It takes the client's own Authorization away, which the
# other apps keep.`
  return `# Traefik, as a file of its dynamic configuration.
# Every header is named: Traefik removes it from the client's request, then sets the gateway's.
# A pattern (authResponseHeadersRegex) would remove headers of other programs too.
# No authRequestHeaders: the gateway has to see the whole request to refuse disguised headers.
# Let the gateway trust Traefik: TRUSTED_PROXIES=traefik, or its address. The whole of it: deploy/traefik.${passesToken ? token : ''}
http:
  middlewares:
${each(asFile)}
---
# The same as labels, for the gateway's container. The router of an app then has
# traefik.http.routers.<router>.middlewares: gatehouse@docker
labels:
${each(asLabels)}`
}
