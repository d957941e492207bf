/**
 * Whether the program that runs is the one that is installed, on a Node.js that it is made for.
 */
import { version } from '../../version.ts'
import { type Check, ok, skip } from '../check.ts'
import { ownCommand } from '../own-command.ts'
import type { Scene } from '../scene.ts'

export const hostRuntime: Check<Scene> = {
  id: 'host.runtime',
  area: 'host',
  question: 'Which releases of Resound, Node.js and uWebSockets.js run',
  needs: ['server.running'],
  run: async (scene) => {
    const status = await scene.status()
    if (status === undefined) return skip('No server answers.')
    const running = status.processes.filter(({ state }) => state === 'serving')
    const versions = [...new Set(running.map((one) => one.version ?? status.version))]
    const [{ node = 'unknown', uWebSockets = 'unknown' } = {}] = running
    const older = versions.filter((one) => one !== version)
    if (older.length === 0) {
      return ok(`Resound ${version} on Node.js ${node}, with uWebSockets.js ${uWebSockets}.`)
    }
    return {
      outcome: 'warning',
      summary: `Resound ${older.join(', ')} runs, and ${version} is installed here.`,
      evidence: [
        `Processes: ${running.map((one) => `${one.pid} (${one.version ?? '?'})`).join(', ')}`,
        `This command: ${version}, on Node.js ${process.versions.node}`,
      ],
      cause:
        'The program was replaced while the server ran, or this command is another installation.',
      causeId: 'other-release',
      fix: {
        text: 'Restart the server, or run the command of the installation that serves.',
        paste: ownCommand(scene, 'restart'),
        into: 'shell',
      },
    }
  },
}
