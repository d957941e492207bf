/**
 * Every JSON document that a command prints, and the schemas that are published of them.
 *
 * Fields are added to a document, never renamed: a schema allows those that it does not know.
 */
import { z } from 'zod'
import { BenchDocument } from './bench.ts'
import { ChannelsDocument } from './channels.ts'
import {
  ConfigCheckDocument,
  ConfigDocsDocument,
  ConfigEnvDocument,
  ConfigImportDocument,
  ConfigShowDocument,
} from './config.ts'
import { ConnectionsCloseDocument, ConnectionsDocument } from './connections.ts'
import { ConsoleDocument } from './console.ts'
import { ReloadDocument, RestartDocument, StopDocument, VersionDocument } from './control.ts'
import { DiagnoseDocument, DiagnoseListDocument } from './diagnose.ts'
import { HealthDocument } from './health.ts'
import { MetricsDocument, MetricsWatchDocument } from './metrics.ts'
import { StatusDocument } from './status.ts'
import { TailDocument } from './tail.ts'
import { TriggerDocument } from './trigger.ts'
import { UsersDisconnectDocument, UsersDocument } from './users.ts'
import { WebhooksListDocument, WebhooksReplayDocument } from './webhooks.ts'

const DOCUMENTS = [
  BenchDocument,
  ChannelsDocument,
  ConfigCheckDocument,
  ConfigDocsDocument,
  ConfigEnvDocument,
  ConfigImportDocument,
  ConfigShowDocument,
  ConnectionsCloseDocument,
  ConnectionsDocument,
  ConsoleDocument,
  DiagnoseDocument,
  DiagnoseListDocument,
  HealthDocument,
  MetricsDocument,
  MetricsWatchDocument,
  ReloadDocument,
  RestartDocument,
  StatusDocument,
  StopDocument,
  TailDocument,
  TriggerDocument,
  UsersDisconnectDocument,
  UsersDocument,
  VersionDocument,
  WebhooksListDocument,
  WebhooksReplayDocument,
]

/** The published schemas, by the name of the document: `config.check` for `resound.config.check/1`. */
export function schemas(): ReadonlyMap<string, object> {
  return new Map(
    DOCUMENTS.map((document) => {
      const { schema } = document.shape
      const title = schema.value
      // As it is read, not as it is made: what a later release adds is allowed.
      const { $schema, ...rest } = z.toJSONSchema(document, { io: 'input' })
      return [nameOf(title), { $schema, title, ...rest }]
    }),
  )
}

const nameOf = (schema: string): string => schema.replace(/^resound\.(.*)\/\d+$/, '$1')

/** Commands whose document has another name than they. */
const OTHERWISE: Readonly<Record<string, string>> = {
  drain: 'stop',
  'config.import.soketi': 'config.import',
  'connections.list': 'connections',
  'users.list': 'users',
}

/** The name of the document that a command prints with `--json`. @param words after `resound` */
export function documentOf(words: readonly string[]): string {
  const name = words.join('.')
  return OTHERWISE[name] ?? name
}

/** The file in docs/schemas of a document. */
export const schemaFile = (name: string): string => `${name}.schema.json`
