/** How often each operation of the session store was asked for, by the operators' metrics. */
export async function storeCounts(gateway: {
  readonly opsOrigin: string
}): Promise<Record<string, number>> {
  const text = await (await fetch(`${gateway.opsOrigin}/metrics`)).text()
  const lines = text.matchAll(
    /^gatehouse_store_seconds_count\{operation="(\w+)",outcome="\w+"\} (\d+)$/gm,
  )
  const counts: Record<string, number> = {}
  for (const [, name = '', count] of lines) counts[name] = (counts[name] ?? 0) + Number(count)
  return counts
}
