import { fastify } from 'fastify'

/** The same answer through Fastify's own reply. */
const headers: string[] = JSON.parse(process.argv[2] ?? '[]')
const named: Record<string, string> = {}
for (let i = 0; i < headers.length; i += 2) named[headers[i] ?? ''] = headers[i + 1] ?? ''
const app = fastify()
app.all('/validate', (_request, reply) => reply.headers(named).send())
await app.listen({ port: Number(process.argv[3]), host: '127.0.0.1' })
