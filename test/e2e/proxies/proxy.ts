import type { Agent } from '../../support/agent.ts'
import type { RawAnswer } from '../../support/raw-request.ts'

/** What not every proxy can do. */
export type Feature =
  /** Headers and body of the gateway's refusals reach the client. */
  | 'pass refusals on'
  /** Clients may come by HTTP/2. */
  | 'speak HTTP/2'
  /** RFC 8441. */
  | 'open WebSockets by HTTP/2'

/** A proxy that the suite runs with the files of `deploy/`. */
export interface TestedProxy {
  /** As the page has it. */
  readonly name: string
  /** In the names of its containers and of its hosts. */
  readonly id: string
  /** In `deploy/`, and the service in its compose file. */
  readonly folder: string
  /** `docker-compose.yml` where absent. */
  readonly composeFile?: string
  readonly image: string
  /** Where it listens for https in its container. */
  readonly port: number
  /** Its image is not among those of CI: run where it is there. */
  readonly optional?: boolean
  /** It is not run: the suite speaks its protocol. */
  readonly imitated?: boolean
  readonly lacks?: readonly Feature[]
  /** What is different with it, by the titles of cases; for the page. */
  readonly notes?: Readonly<Record<string, string>>
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** One request of a client. */
export interface Asked {
  /** GET where absent. */
  readonly method?: string
  readonly headers?: Headers
  readonly body?: string
  /** Name of the host asked for; the app's where absent. */
  readonly host?: string
}

/** Answer to a WebSocket's handshake: where it is granted, what came back of the bytes sent on. */
export interface Upgraded {
  readonly status: number
  readonly echo?: string
}

/** A proxy that runs before a gateway of its own and the sample app. */
export interface ProxyUnderTest {
  readonly name: string
  /** Origins as browsers see them. */
  readonly app: string
  readonly auth: string
  /** `Cookie` headers of sessions. Administrators have the role `admin`. */
  readonly cookies: { readonly administrator: string; readonly person: string }
  can(feature: Feature): boolean
  /** A browser that comes through the proxy. */
  browser(): Agent
  /** One request with exactly these headers. The app's answers have `x-reached`: the URL it was asked for. */
  request(path: string, asked?: Asked): Promise<RawAnswer>
  /** The same by HTTP/2. */
  requestHttp2(path: string, asked?: Asked): Promise<RawAnswer>
  /** Asks for an upgrade, and where it is granted sends `bytes` and waits for as many. */
  upgrade(path: string, headers: Headers, bytes: string): Promise<Upgraded>
  /** A WebSocket by HTTP/2 (RFC 8441); undefined where the proxy does not offer that. */
  connectHttp2(path: string, headers: Headers, bytes: string): Promise<Upgraded | undefined>
  /** As a crash does it. */
  killGateway(): Promise<void>
}
