import type { PathPattern } from './path-pattern.ts'

/** The first of the values whose pattern matches these segments and which is accepted. */
export type FirstOf<T> = (
  segments: readonly string[],
  accepts: (value: T) => boolean,
) => T | undefined

interface Node<T> {
  readonly literals: Map<string, Node<T>>
  one?: Node<T>
  many?: Node<T>
  /** Whether it is what `**` leads to, which every segment leads back to. */
  readonly repeats: boolean
  readonly ends: { readonly order: number; readonly value: T }[]
  /** The step that last came here: no step takes a node twice, however many ways lead to it. */
  visited: number
}

const newNode = <T>(repeats: boolean): Node<T> => ({
  literals: new Map(),
  repeats,
  ends: [],
  visited: 0,
})

/**
 * Patterns as one tree, walked along all its fitting branches at once: what a match costs depends on
 * the branches that fit a path, not on the number of patterns, and is linear in the path.
 */
export function pathTrie<T>(
  entries: readonly { readonly pattern: PathPattern; readonly value: T }[],
): FirstOf<T> {
  const root = newNode<T>(false)
  for (const [order, { pattern, value }] of entries.entries())
    leaf(root, pattern).ends.push({ order, value })

  // Kept, as a walk is over before another begins.
  let nodes: Node<T>[] = []
  let next: Node<T>[] = []
  let step = 0
  const enter = (node: Node<T>) => {
    for (let at: Node<T> | undefined = node; at && at.visited !== step; at = at.many) {
      at.visited = step
      next.push(at)
    }
  }
  const proceed = () => {
    const former = nodes
    nodes = next
    next = former
    next.length = 0
    step += 1
  }
  return (segments, accepts) => {
    next.length = 0
    step += 1
    enter(root)
    proceed()
    for (const segment of segments) {
      for (const node of nodes) {
        if (node.repeats) enter(node)
        const literal = node.literals.get(segment)
        if (literal) enter(literal)
        if (node.one) enter(node.one)
      }
      proceed()
      if (nodes.length === 0) return
    }
    return firstEnd(nodes, accepts)
  }
}

/** The node that a pattern leads to, made where it is missing. */
function leaf<T>(root: Node<T>, pattern: PathPattern): Node<T> {
  let node = root
  for (const segment of pattern) {
    if (typeof segment === 'object') {
      if (segment.kind === 'one') node = node.one ??= newNode(false)
      else if (!node.repeats) node = node.many ??= newNode(true)
      continue
    }
    let child = node.literals.get(segment)
    if (!child) {
      child = newNode(false)
      node.literals.set(segment, child)
    }
    node = child
  }
  return node
}

function firstEnd<T>(nodes: readonly Node<T>[], accepts: (value: T) => boolean): T | undefined {
  let first: Node<T>['ends'][number] | undefined
  for (const { ends } of nodes) {
    for (const end of ends) {
      if (first && end.order > first.order) break
      if (!accepts(end.value)) continue
      first = end
      break
    }
  }
  return first?.value
}
