import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes a file with that many rules, such as one sees, and names it. The last is the one that the
 * page view of the benchmark is about; paths that begin like it, `{id}`, `**` and methods are before it.
 *
 * @param quota - of each user by that last rule, a limit that is never reached
 */
export function rulesFile(
  folder: string,
  name: string,
  count: number,
  quota?: string,
): Record<string, string> {
  const others = Array.from({ length: count - 1 }, (_, i) => ruleAt(i))
  const last = `match: { hosts: [app.example.com], paths: [/dashboard/**], methods: [GET, HEAD] }
    access: user
    require: { roles: [user] }${quota === undefined ? '' : `\n    quota: { user: ${quota} }`}`
  const rules = [...others, last].map((rule, i) => `  - name: rule-${i}\n    ${rule}\n`)
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, `rules:\n${rules.join('')}`)
  return { CONFIG_FILE: file }
}

const kinds: readonly ((i: number) => string)[] = [
  (i) => `match: { paths: [/service-${i}/health], methods: [GET, HEAD] }
    access: public`,
  (i) => `match: { paths: ["/api/v1/items-${i}/{id}"], methods: [GET, PUT] }
    access: any`,
  (i) => `match: { paths: ["/dashboard/{id}/team-${i}", /dashboard/team-${i}/**] }
    access: user
    require: { groups: [team-${i}] }`,
  (i) => `match: { paths: ["/**/export-${i}.csv"] }
    access: user
    require: { roles: [export] }`,
  (i) => `match: { hosts: [app.example.com], paths: [/static-${i}/**, /assets-${i}/*/icons] }
    access: optional`,
  (i) => `match: { hosts: [host-${i}.example.com], paths: [/admin/**] }
    access: user
    require: { roles: [admin] }`,
  (i) => `match: { hosts: ["*.example.com"], paths: [/reports-${i}/**], networks: [10.0.0.0/8] }
    access: service`,
  (i) => `match: { paths: [/dashboard/list/entry-${i}, "/projects/{project}/tasks-${i}/{id}"] }
    access: user`,
  (i) => `match: { paths: [/hooks/hook-${i}], methods: [POST] }
    access: service`,
]

function ruleAt(i: number): string {
  return kinds[i % kinds.length]?.(i) ?? ''
}
