// Loaded into the sample app before it: makes it tell what it was asked for, and echo on WebSockets.
import { createHash } from 'node:crypto'
import http, { type RequestListener, type ServerOptions } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const acceptOf = (key: string | undefined) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

const { createServer } = http

function tellingServer(options: ServerOptions, listener: RequestListener): http.Server {
  const server = createServer(options, (request, response) => {
    response.setHeader('x-reached', request.url ?? '')
    // Under every path the app shows the headers it got.
    request.url = request.url?.replace(/^[^?]*(?=\/headers(?:\?|$))/, '') ?? ''
    listener(request, response)
  })
  return server.on('upgrade', (request, socket) => {
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      `Upgrade: ${request.headers.upgrade}`,
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptOf(request.headers['sec-websocket-key'])}`,
    ]
    socket.on('error', () => socket.destroy())
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    socket.pipe(socket)
  })
}

http.createServer = tellingServer as typeof createServer
syncBuiltinESMExports()
