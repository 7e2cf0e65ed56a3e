import { mkdirSync, writeFileSync } from 'node:fs'
import { renderFileReference, renderFileSchema } from './file-reference.ts'
import { renderReference } from './reference.ts'

const folder = new URL('../../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('configuration.md', folder), renderReference())
writeFileSync(new URL('configuration-file.md', folder), renderFileReference())
writeFileSync(new URL('gatehouse.schema.json', folder), renderFileSchema())
