import type { TestedProxy } from './proxy.ts'

const ownPage =
  'The status is right by `error_page`. The page is nginx’s own: it takes no body of a refusal over.'

export const nginx: TestedProxy = {
  name: 'nginx',
  id: 'nginx',
  folder: 'nginx',
  image: 'nginx:1',
  port: 443,
  lacks: ['pass refusals on', 'open WebSockets by HTTP/2'],
  notes: {
    'L-14 a program gets 401 and no cookie': ownPage,
    '403 for whoever lacks the role, and nobody else': ownPage,
    '429 past the quota, with the time to wait': ownPage,
    'H-02 nor does it in disguise, by underscores or dots':
      'nginx drops such headers itself; the others answer 400.',
    'D-01 12 KB of other cookies: the session still counts':
      'With `large_client_header_buffers 4 32k`. By default nginx refuses a line of 8 KB with 400.',
    'F-01 while the gateway is down, nobody passes': '500, after 2 s (`proxy_connect_timeout`).',
  },
}
