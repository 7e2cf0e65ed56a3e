import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What the operators' listener shows at `/metrics`. No label holds a user, a path or a host. */
export interface Metrics {
  readonly registry: Registry
  /** Decisions by their code (`allow` for a pass), counted on the hot path as plain numbers. */
  readonly decisions: Map<string, number>
  readonly signIns: Counter<'outcome'>
  readonly signOuts: Counter<'by'>
  readonly refreshes: Counter<'outcome'>
  readonly reloads: Counter<'outcome'>
  readonly idpSeconds: Histogram<'provider' | 'endpoint' | 'outcome'>
  readonly idpBreakers: Gauge<'provider' | 'endpoint'>
  readonly storeSeconds: Histogram<'operation' | 'outcome'>
}

/** Whether an endpoint of a provider is left alone after failures. */
export interface BreakerReading {
  readonly provider: string
  readonly endpoint: string
  readonly open: boolean
}

/** @param breakers - read at each scrape, so that a provider that is gone from the settings is gone */
export function createMetrics(breakers: () => Iterable<BreakerReading> = () => []): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const decisions = new Map<string, number>()
  new Counter({
    name: 'gatehouse_decisions_total',
    help: 'Answers of the validate routes, by code',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset()
      for (const [code, count] of decisions) this.inc({ code }, count)
    },
  })
  return {
    registry,
    decisions,
    signIns: new Counter({
      name: 'gatehouse_sign_ins_total',
      help: 'Sign-ins, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    signOuts: new Counter({
      name: 'gatehouse_sign_outs_total',
      help: 'Sessions ended before their time, by what ended them',
      labelNames: ['by'],
      registers,
    }),
    refreshes: new Counter({
      name: 'gatehouse_refreshes_total',
      help: 'Refreshes of the tokens of sessions, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    reloads: new Counter({
      name: 'gatehouse_reloads_total',
      help: 'Changes of the configuration files, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    idpSeconds: new Histogram({
      name: 'gatehouse_idp_request_seconds',
      help: 'Requests to the identity provider, by endpoint and outcome',
      labelNames: ['provider', 'endpoint', 'outcome'],
      registers,
    }),
    idpBreakers: new Gauge({
      name: 'gatehouse_idp_breaker_open',
      help: 'Whether an endpoint of the identity provider is left alone after failures (1) or not (0)',
      labelNames: ['provider', 'endpoint'],
      registers,
      collect() {
        this.reset()
        for (const { provider, endpoint, open } of breakers()) {
          this.set({ provider, endpoint }, open ? 1 : 0)
        }
      },
    }),
    storeSeconds: new Histogram({
      name: 'gatehouse_store_seconds',
      help: 'Operations of the session store',
      labelNames: ['operation', 'outcome'],
      buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2],
      registers,
    }),
  }
}
