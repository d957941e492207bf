/**
 * Writes the schemas of all JSON documents into a directory: `npm run docs`.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { schemaFile, schemas } from './documents/all.ts'

const [, , directory] = process.argv
if (directory === undefined) throw new Error('name the directory')
mkdirSync(directory, { recursive: true })
for (const file of readdirSync(directory)) rmSync(path.join(directory, file))
for (const [name, schema] of schemas()) {
  writeFileSync(path.join(directory, schemaFile(name)), `${JSON.stringify(schema, null, 2)}\n`)
}
