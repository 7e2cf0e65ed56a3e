import { readRulePath } from '../../config/rule-path.ts'

/** Letters and signs that stand for themselves. A dot stands for more, so what is made of it is narrower. */
const literalForm = /^(?:[\w~/@:,=&!.-]|\\[.\-/~@:])+$/

/** What may follow a path to the end of the pattern. */
const ends: readonly (readonly [RegExp, 'exact' | 'below' | 'prefix'])[] = [
  [/\((?:\?:)?\/\.\*\)\?\$?$/, 'below'],
  [/\((?:\?:)?(?:\/\|\$|\$\|\/)\)(?:\.\*\$?)?$/, 'below'],
  [/\.\*\$?$/, 'prefix'],
  [/\/\?\$$/, 'exact'],
  [/(?<!\\)\$$/, 'exact'],
]

/**
 * The paths of a rule that match nothing that a regular expression does not match, for expressions that
 * are a path and what is below it; undefined for all others, and for those that match every path. (A
 * slash at the end of a path does not matter to rules.)
 */
export function pathsOfRegex(regex: string): string | undefined {
  const body = regex.replace(/^\^/, '')
  const [end, kind] = ends.find(([form]) => form.test(body)) ?? [/$/, 'prefix']
  const written = body.replace(end, '')
  if (!written.startsWith('/') || !literalForm.test(written)) return
  const literal = written.replaceAll('\\', '')
  const path = literal.replace(/\/$/, '')
  if (path === '' && kind !== 'exact') return
  const rule = path + endOf(kind, literal !== path)
  return 'path' in readRulePath(rule) ? rule : undefined
}

function endOf(kind: 'exact' | 'below' | 'prefix', hasSlash: boolean): string {
  if (kind === 'exact') return hasSlash ? '/' : ''
  // A pattern that ends in a slash is about what is below the path, and not about the path.
  return hasSlash ? '/*/**' : '/**'
}
