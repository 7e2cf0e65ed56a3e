/** What `gatehouse help` prints. */
export const usage = `Usage: gatehouse [command]

  serve             runs the gateway (the default)
  check             shows the effective settings and what to register at the provider,
                    and tests the provider, the store and the clock
  headers <proxy>   prints what to paste into the proxy, with the headers of the settings: traefik, kong,
                    nginx, caddy, haproxy or envoy
  explain <method> <url>
                    prints which rule a request meets, each check, and the answer; --token <token> sends an
                    access token or API key, --as <file> takes who it is from a JSON file, --from <address>
                    is the client's address, --mcp-method <method> and --mcp-name <name> are of an MCP message
  key new <name>    makes an API key and prints the line for the configuration file
  login <url>       signs you in at an app or API behind a gateway, in the browser or with a code:
                    --no-browser prints the address only, --device takes another device, --client-id <id>,
                    --scope "<scopes>", --issuer <url>, --port <number> and --redirect-path <path> of the
                    address to come back to
  token [<url>]     prints an access token that is live, renewed where need be
  whoami [<url>]    prints who is signed in, where and until when
  logout [<url>]    revokes the tokens and forgets them
  migrate oauth2-proxy <file|env> [<proxy>]
                    prints the variables, the file and the lines of the proxy that a configuration of
                    oauth2-proxy becomes, and what has no counterpart
  demo              runs the gateway with a provider, a proxy and an app of its own
  sample-app        runs the sample app alone
  health            asks the running gateway whether it lives, for container health checks
  help              prints this

  -h, --help        prints this
  -v, --version     prints the version

Settings are environment variables: docs/reference/configuration.md lists them.
login, token, whoami and logout need none of them. They know GATEHOUSE_CLIENT_ID, the client to sign in as
(gatehouse-cli), GATEHOUSE_KEYRING=off, and XDG_CONFIG_HOME, where gatehouse/credentials.json is.`
