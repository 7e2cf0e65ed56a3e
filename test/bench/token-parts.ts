import { join } from 'node:path'
import { opaqueToken, startIssuer } from './access-tokens.ts'
import { browserHeaders, startFilledGatehouse, tokenHeaders } from './gatehouse.ts'
import { atLeast, atMost, count, information, type Results, times } from './table.ts'
import { inTurn, medianOf, ratio, startBare } from './throughput.ts'
import { loadWithMisses, measureMisses } from './token-misses.ts'

/** More than the gateway remembers, so that each is forgotten before it comes again. */
const tokensSigned = 8_000

/** Access tokens that were seen before, and some that never were. */
export async function measureAccessTokens(folder: string): Promise<Results> {
  await using issuer = await startIssuer(18_501)
  const tokens = await issuer.sign(tokensSigned)
  const store = join(folder, 'tokens.db')
  const { server, cookies } = await startFilledGatehouse(18_500, store, 1_000, 10, issuer.env)
  await using _ = server
  const { origin } = server
  const headers = {
    jwt: tokenHeaders(tokens[0] ?? ''),
    opaque: tokenHeaders(opaqueToken),
    session: browserHeaders(cookies[0] ?? ''),
  }
  await using http = await startBare('http', 18_481, { origin, headers: headers.jwt })
  const bareName = 'bare `node:http`'
  const { bareJwt, session, jwt, bareOpaque, opaque } = await inTurn({
    bareJwt: { name: `${bareName}, sent a JWT`, origin: http.origin, headers: headers.jwt },
    session: { name: 'Gatehouse, session hit', origin, headers: headers.session },
    jwt: { name: 'Gatehouse, JWT seen before', origin, headers: headers.jwt },
    bareOpaque: { name: `${bareName}, opaque token`, origin: http.origin, headers: headers.opaque },
    opaque: { name: 'Gatehouse, opaque token seen before', origin, headers: headers.opaque },
  })
  const misses = await measureMisses(issuer, tokens)
  const missesPerSecond = await loadWithMisses(server, tokens)

  const missed = "JWTs proven that were never seen, against jose's own jwtVerify of the same"
  const missTime = ` (${misses.microseconds.toFixed(0)} µs each)`
  const share = times(missesPerSecond / medianOf(jwt, 'requestsPerSecond'))
  return {
    servers: [bareJwt, session, jwt, bareOpaque, opaque],
    rows: [
      atLeast(0.85, 'JWT seen before against bare node:http', ratio(jwt, bareJwt), times),
      atMost(1.5, 'its p99 against bare node:http', ratio(jwt, bareJwt, 'p99Ms'), times),
      atLeast(0.9, 'JWT seen before against a session hit', ratio(jwt, session), times),
      atLeast(0.85, 'opaque token seen before, likewise', ratio(opaque, bareOpaque), times),
      atLeast(0.5, missed, misses.ratio, times, missTime),
      information(
        'requests/s with a JWT that was never seen, each (against seen before)',
        `${count(missesPerSecond)} (${share})`,
      ),
    ],
  }
}
