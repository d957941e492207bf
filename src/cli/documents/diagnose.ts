/**
 * `resound diagnose --json`, and `--list --json`.
 */
import { z } from 'zod'
import { AREAS } from '../../diagnose/check.ts'
import { OUTCOMES } from '../../diagnose/run.ts'

const Id = z.string().describe('Stable: `area.what`.')

const Fix = z.object({
  text: z.string().describe('What to do, in one sentence.'),
  paste: z.string().optional().describe('What to paste, as it is.'),
  into: z.string().optional().describe("Where it goes: a file's name, or `shell`."),
})

const Result = z.object({
  id: Id,
  area: z.enum(AREAS),
  question: z.string(),
  outcome: z
    .enum(OUTCOMES)
    .describe('`skip` does not concern this set-up; `not-tested` waits for another check.'),
  summary: z.string().describe('What was found, in one sentence.'),
  evidence: z.array(z.string()).optional().describe('What was seen, a fact an entry.'),
  cause: z.string().optional().describe('Why that is so.'),
  causeId: z.string().optional().describe('A stable name of the cause.'),
  fix: Fix.optional(),
  timings: z.record(z.string(), z.number()).optional().describe('Milliseconds, leg by leg.'),
  because: Id.optional().describe('Of one that was not tested: the check that comes first.'),
  milliseconds: z.number().describe('How long the check took.'),
})

export const DiagnoseDocument = z.object({
  schema: z.literal('resound.diagnose/1'),
  exit: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  firstBroken: Id.nullable().describe(
    'The first check that found a fault, in the order of the way.',
  ),
  results: z.array(Result),
})
export type DiagnoseDocument = z.infer<typeof DiagnoseDocument>

export const DiagnoseListDocument = z.object({
  schema: z.literal('resound.diagnose.list/1'),
  checks: z.array(
    z.object({ id: Id, area: z.enum(AREAS), question: z.string(), needs: z.array(Id) }),
  ),
})
export type DiagnoseListDocument = z.infer<typeof DiagnoseListDocument>
