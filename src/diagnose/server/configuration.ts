/**
 * Whether the server serves the configuration that is read now.
 */
import { z } from 'zod'
import type { RunningServer } from '../../cli/admin.ts'
import { shownValues } from '../../config/values.ts'
import { ResoundError } from '../../errors.ts'
import { type Check, type Finding, ok, skip } from '../check.ts'
import { ownCommand } from '../own-command.ts'
import type { Scene } from '../scene.ts'

const Served = z.object({
  values: z.record(z.string(), z.unknown()).nullable(),
  changed: z.object({
    options: z.array(z.string()),
    restart: z.array(z.string()),
    start: z.array(z.string()),
  }),
  problems: z.array(z.string()),
})
type Served = z.infer<typeof Served>

/** Flags of `start`, which nobody else is given. */
const OF_START = ['host', 'port', 'workers', 'log.level', 'log.format']

export const serverConfiguration: Check<Scene> = {
  id: 'server.configuration',
  area: 'server',
  question: 'Does it serve the configuration that is read now',
  needs: ['server.running'],
  run: async (scene) => {
    const server = await scene.server()
    if (server === undefined) return skip('No server answers.')
    const served = await told(server)
    if (served === undefined) {
      return skip('The server tells this on its admin socket, or for its token (admin.token).')
    }
    const { changed, problems } = served
    if (problems.length > 0) return refusedNow(problems)
    if (changed.options.length > 0) return changedSince(scene, changed)
    const read = readDifferently(scene, served)
    if (read.length > 0) return otherEnvironment(read)
    return ok('The server serves what its files and variables say now.')
  },
}

/** @returns undefined where who asks may not know */
async function told(server: RunningServer): Promise<Served | undefined> {
  try {
    return Served.parse(await server.ask('GET', '/configuration'))
  } catch (fault) {
    if (fault instanceof ResoundError && fault.code === 'RESOUND_SERVER_REFUSED') return undefined
    throw fault
  }
}

function refusedNow(problems: readonly string[]): Finding {
  return {
    outcome: 'critical',
    summary: 'The server goes on with a configuration that has since become invalid.',
    evidence: problems,
    cause: 'It was changed after the start. A restart would be refused.',
    causeId: 'refused-now',
    fix: { text: 'Correct what is listed, then take it over with resound reload.' },
  }
}

function changedSince(
  scene: Scene,
  { options: names, restart, start }: Served['changed'],
): Finding {
  const how = start.length > 0 ? 'stop and start' : restart.length > 0 ? 'restart' : 'reload'
  const command = (word: string): string => ownCommand(scene, word)
  const paste =
    how === 'stop and start' ? `${command('stop')} && ${command('start')}` : command(how)
  return {
    outcome: 'warning',
    summary: 'The configuration was changed after the server had read it.',
    evidence: [`Other values now: ${names.join(', ')}`],
    cause: 'A server reads its configuration when it starts and when it is told to.',
    causeId: 'changed-since-start',
    fix: { text: `Have it read again: this takes a ${how}.`, paste, into: 'shell' },
  }
}

/** Names of what this command reads otherwise than the server did, as far as it may be shown. */
function readDifferently({ reading }: Scene, { values }: Served): readonly string[] {
  if (!reading.valid || values === null) return []
  const here = shownValues(reading.config)
  const names = new Set([...Object.keys(here), ...Object.keys(values)])
  return [...names].filter(
    (name) =>
      !OF_START.includes(name) && JSON.stringify(here[name]) !== JSON.stringify(values[name]),
  )
}

function otherEnvironment(names: readonly string[]): Finding {
  return {
    outcome: 'warning',
    summary: 'This command reads another configuration than the server does.',
    evidence: [`Other values here: ${names.join(', ')}`],
    cause:
      "The server's environment has variables that this shell has not, or the other way round; checks that go by these values may judge wrongly.",
    causeId: 'other-environment',
    fix: {
      text: 'Run diagnose with the environment of the server: of systemd, its EnvironmentFile; of a container, inside it.',
    },
  }
}
