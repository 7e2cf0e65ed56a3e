import { Agent } from 'undici'

/** Connections for a browser that takes every host name for this machine, as real ones take `*.localhost`. */
export const localNames = new Agent({
  connect: {
    lookup: (_host, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    },
  },
})
