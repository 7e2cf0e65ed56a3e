import { mkdirSync, writeFileSync } from 'node:fs'
import { renderReference } from './reference.ts'

const folder = new URL('../../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('configuration.md', folder), renderReference())
