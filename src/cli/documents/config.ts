/** What the commands about the configuration print. Secrets are masked, but in what is imported. */
import { z } from 'zod'

/** `resound config check --json` */
export const ConfigCheckDocument = z.object({
  schema: z.literal('resound.config.check/1'),
  valid: z.boolean(),
  problems: z.array(
    z.object({
      code: z.string(),
      place: z.string().optional().describe('file:line:column, a variable or a flag.'),
      message: z.string(),
    }),
  ),
  notices: z.array(
    z.object({
      level: z.string(),
      message: z.string(),
      fields: z.record(z.string(), z.unknown()),
    }),
  ),
})

/** `resound config show --json` */
export const ConfigShowDocument = z.object({
  schema: z.literal('resound.config.show/1'),
  file: z.string().optional(),
  options: z.array(
    z.object({
      option: z.string(),
      value: z.unknown().describe('Null where it is not set.'),
      origin: z.looseObject({
        kind: z.string().describe('default, file, environment, flag, laravel or generated.'),
      }),
    }),
  ),
})

const Option = { type: z.string(), default: z.unknown(), description: z.string() }

/** `resound config env --json` */
export const ConfigEnvDocument = z.object({
  schema: z.literal('resound.config.env/1'),
  variables: z.array(z.object({ variable: z.string(), option: z.string(), ...Option })),
})

/** `resound config docs --json` */
export const ConfigDocsDocument = z.object({
  schema: z.literal('resound.config.docs/1'),
  options: z.array(
    z.object({
      name: z.string(),
      variable: z.string(),
      accepts: z.string(),
      secret: z.boolean(),
      ...Option,
    }),
  ),
  faults: z.array(z.object({ code: z.string(), meaning: z.string(), remedy: z.string() })),
  codes: z
    .array(z.looseObject({ code: z.int(), meaning: z.string(), remedy: z.string() }))
    .describe('What clients receive.'),
  metrics: z.unknown().optional(),
})

/** `resound config import ... --json` */
export const ConfigImportDocument = z.object({
  schema: z.literal('resound.config.import/1'),
  from: z.string(),
  config: z.unknown().describe('As a file has it, with its secrets.'),
  notes: z.array(
    z.object({
      kind: z.string(),
      setting: z.string(),
      place: z.string().optional(),
      message: z.string(),
    }),
  ),
})
