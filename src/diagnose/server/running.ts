/**
 * Whether the server runs that is meant, and if not, who has its port.
 */
import { describeProblem } from '../../config/problem.ts'
import type { Check, Finding } from '../check.ts'
import { ok } from '../check.ts'
import { ownCommand } from '../own-command.ts'
import type { Scene } from '../scene.ts'
import { reachable } from '../server-status.ts'
import { type Listener, listenerAt } from './listener.ts'

export const serverRunning: Check<Scene> = {
  id: 'server.running',
  area: 'server',
  question: 'Does the server of this configuration run',
  run: async (scene, signal) => {
    const status = await scene.status()
    if (status !== undefined) {
      const { version, pid, uptimeSeconds } = status
      return ok(`Resound ${version} runs as process ${pid}, for ${Math.round(uptimeSeconds)} s.`)
    }
    const { reading, options } = scene
    if (options.adminUrl !== undefined) return doorClosed(options.adminUrl)
    if (!reading.valid) return refused(scene)
    const { host, port } = reading.config
    const listener = await listenerAt(reachable(host).replace(/^\[|\]$/g, ''), port, signal)
    if (listener === undefined) return notRunning(scene, port)
    return listener.isResound ? otherServer(port, listener) : portTaken(port, listener)
  },
}

function notRunning(scene: Scene, port: number): Finding {
  return {
    outcome: 'critical',
    summary: 'No server of this configuration runs here.',
    evidence: [
      'Nobody answers on its admin socket or admin port.',
      ...(port === 0 ? [] : [`Nobody listens on port ${port}.`]),
    ],
    cause:
      'It was not started, has ended, or was started with another --config, --laravel or working directory.',
    causeId: 'not-running',
    fix: { text: 'Start it.', paste: ownCommand(scene, 'start'), into: 'shell' },
  }
}

function refused(scene: Scene): Finding {
  const { reading } = scene
  const problems = reading.valid ? [] : reading.problems.map(describeProblem)
  return {
    outcome: 'critical',
    summary: 'No server runs, and with this configuration none would start.',
    evidence: problems,
    cause: 'resound start refuses a configuration with a problem, and ends with 78.',
    causeId: 'configuration-refused',
    fix: { text: 'Correct what is listed, then start the server.' },
  }
}

function otherServer(port: number, { evidence }: Listener): Finding {
  return {
    outcome: 'critical',
    summary: `A Resound listens on port ${port}, but it is another one than is meant here.`,
    evidence,
    cause:
      'It was started with another --config, --laravel or working directory, by another user, or in a container.',
    causeId: 'other-server',
    fix: {
      text: 'Give diagnose what that server was started with, run it as the same user, or name its admin port with --admin-url.',
    },
  }
}

function portTaken(port: number, { evidence }: Listener): Finding {
  return {
    outcome: 'critical',
    summary: `The server does not run, and another program has its port ${port}.`,
    evidence,
    cause: 'Two programs cannot listen on one port: the server ends when it finds it taken.',
    causeId: 'port-taken',
    fix: {
      text: 'End that program, or give the server another port, and tell the Laravel app and the proxy.',
      paste: `RESOUND_PORT=${port + 1}`,
      into: 'environment of resound start',
    },
  }
}

function doorClosed(url: string): Finding {
  return {
    outcome: 'critical',
    summary: 'No server answers at --admin-url.',
    evidence: [`Asked: ${url}`],
    cause:
      'The server does not run, that is not its admin port, or it cannot be reached from here.',
    causeId: 'not-running',
    fix: { text: 'Compare --admin-url with admin.host and admin.port of the server.' },
  }
}
