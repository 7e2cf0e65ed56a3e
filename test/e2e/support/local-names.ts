import { Agent, buildConnector, setGlobalDispatcher } from 'undici'

const rerouted = new Map<string, number>()

/** From now on connections to `port` of any host go to `target`. */
export function reroute(port: number, target: number): void {
  rerouted.set(String(port), target)
}

const connect = buildConnector({
  rejectUnauthorized: false,
  lookup: (_host, options, callback) => {
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  },
})

// Browsers take every *.localhost for this machine; Node has to be told.
setGlobalDispatcher(
  new Agent({
    connect: (options, callback) => {
      const port = options.port || (options.protocol === 'https:' ? '443' : '80')
      connect({ ...options, port: String(rerouted.get(port) ?? port) }, callback)
    },
  }),
)
