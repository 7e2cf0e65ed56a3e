import { createServer } from 'node:http'

/** What no server on Node can beat: the same headers, and nothing else. Headers are the first argument. */
const headers: string[] = JSON.parse(process.argv[2] ?? '[]')
const server = createServer((_request, response) => {
  response.writeHead(200, headers)
  response.end()
})
server.listen(Number(process.argv[3]), '127.0.0.1')
