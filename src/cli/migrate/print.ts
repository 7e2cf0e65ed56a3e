import { stringify } from 'yaml'
import type { Migration, WrittenFile } from './migration.ts'

export const configFile = '/etc/gatehouse/gatehouse.yaml'

const options = { lineWidth: 100, aliasDuplicateObjects: false }

/** The text of `CONFIG_FILE`; undefined where none is needed. */
export function fileText({ file, rules }: Migration): string | undefined {
  const { issuers, default: byDefault } = file
  const content: WrittenFile = {
    ...(issuers && { issuers }),
    ...(rules.length > 0 && { rules }),
    ...(byDefault && { default: byDefault }),
  }
  return Object.keys(content).length > 0 ? stringify(content, options) : undefined
}

/** Everything that is printed, in sections. */
export function printed(
  migration: Migration,
  { source, recipe, problems }: { source: string; recipe: string; problems: readonly string[] },
): string {
  const file = fileText(migration)
  const sections = [
    section(
      'Variables of the gateway',
      `From ${source}. The other sources of oauth2-proxy (its flags, file and environment) are not read.`,
      migration.variables
        .flatMap(({ name, value, comment }) => [
          ...(comment ? [`# ${comment}`] : []),
          `${name}=${value}`,
        ])
        .join('\n'),
    ),
    ...(file === undefined ? [] : [section(configFile, undefined, file.trimEnd())]),
    section('Lines of the proxy', undefined, recipe),
    section(
      'No counterpart',
      undefined,
      [...migration.leftOver]
        .map(([text, names]) => `# - ${names.join(', ')}: ${text}`)
        .join('\n') || '# Nothing.',
    ),
    ...(problems.length === 0
      ? []
      : [
          section(
            'To be put right before it starts',
            undefined,
            problems.map((text) => `# - ${text}`).join('\n'),
          ),
        ]),
  ]
  return sections.join('\n\n')
}

function section(title: string, about: string | undefined, text: string): string {
  return [`# ${title}`, ...(about === undefined ? [] : [`# ${about}`]), '', text].join('\n')
}
