/**
 * Whether browsers get as far as the server's door: its name, and a TCP connection.
 */
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { type Check, type Finding, ok, skip } from '../check.ts'
import type { Scene } from '../scene.ts'
import { isFinding, localWay, publicWay, type WayIn } from './target.ts'

const CONNECT_MILLISECONDS = 3000
/** More addresses than this are not tried. */
const MOST_ADDRESSES = 8

export const wayInDns: Check<Scene> = {
  id: 'way-in.dns',
  area: 'way-in',
  question: 'Is the name known that browsers connect to',
  run: async (scene) => {
    const way = await publicWay(scene)
    if (isFinding(way)) return way
    const { host, from } = way
    if (isIP(host) !== 0) return skip(`${host} is an address.`)
    try {
      const addresses = await addressesOf(host)
      return ok(`${host} (of ${from}) is ${addresses.join(', ')}.`)
    } catch (fault) {
      return {
        outcome: 'critical',
        summary: `The name ${host} is not known.`,
        evidence: [`${host} comes from ${from}.`, `The resolver says: ${codeOf(fault)}`],
        cause: 'It is misspelt, has no DNS record yet, or is known in another network only.',
        causeId: 'name-unknown',
        fix: { text: 'Correct the host, or add a DNS record for it that leads to the proxy.' },
      }
    }
  },
}

export const wayInTcp: Check<Scene> = {
  id: 'way-in.tcp',
  area: 'way-in',
  question: 'Does somebody listen where browsers connect',
  needs: ['way-in.dns'],
  run: async (scene, signal) => {
    const way = await publicWay(scene)
    if (isFinding(way)) return way
    const addresses = await addressesOf(way.host)
    const outcomes = await Promise.all(
      addresses.map(async (address) => ({
        address,
        fault: await reached(address, way.port, signal),
      })),
    )
    const failed = outcomes.filter(({ fault }) => fault !== undefined)
    if (failed.length === 0) return ok(`Somebody listens at ${way.host}:${way.port}.`)
    if (failed.length === outcomes.length) return unreachable(scene, way, failed)
    // Of a name for this machine, one family alone is usual, and browsers try both.
    if (isLoopback(way.host)) return ok(`Somebody listens at ${way.host}:${way.port}.`)
    return partly(way, failed)
  },
}

interface Failed {
  readonly address: string
  readonly fault: string | undefined
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address).slice(0, MOST_ADDRESSES)
}

/** @returns why not, undefined where it is */
function reached(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal })
    const done = (fault: string | undefined): void => {
      socket.destroy()
      resolve(fault)
    }
    socket.setTimeout(CONNECT_MILLISECONDS, () => done('ETIMEDOUT'))
    socket.once('connect', () => done(undefined))
    socket.once('error', (error) => done(codeOf(error)))
  })
}

async function unreachable(
  scene: Scene,
  { host, port, from }: WayIn,
  failed: readonly Failed[],
): Promise<Finding> {
  const isRefused = failed.some(({ fault }) => fault === 'ECONNREFUSED')
  const local = await localWay(scene)
  const own = isFinding(local) ? undefined : local.port
  const isWrongPort = isRefused && own !== undefined && own !== port
  return {
    outcome: 'critical',
    summary: `Nobody can be reached at ${host}:${port}, where browsers connect.`,
    evidence: [
      `${host}:${port} comes from ${from}.`,
      ...failed.map(({ address, fault }) => `${address}, port ${port}: ${fault}`),
      ...(own === undefined ? [] : [`The server itself listens on port ${own}.`]),
    ],
    cause: isRefused
      ? 'The machine answers, and nothing listens on that port: a wrong port, or a proxy that does not run.'
      : 'Nothing comes back: a firewall, a wrong address, or a machine that is off.',
    causeId: isRefused ? 'refused' : 'no-answer',
    fix: {
      text: isWrongPort
        ? `Start the proxy that is meant to listen on port ${port}; without one, browsers connect to port ${own}.`
        : 'Let the port through the firewall, or correct the host.',
    },
  }
}

function partly({ host, port }: WayIn, failed: readonly Failed[]): Finding {
  return {
    outcome: 'warning',
    summary: `Not every address of ${host} can be reached.`,
    evidence: failed.map(({ address, fault }) => `${address}, port ${port}: ${fault}`),
    cause: 'Some browsers wait for such an address before they try the next.',
    causeId: 'one-address',
    fix: { text: 'Remove the DNS record of that address, or have the proxy listen on it.' },
  }
}

const isLoopback = (host: string): boolean => /^(?:localhost|.+\.localhost)$/i.test(host)
const codeOf = (fault: unknown): string =>
  String((fault as NodeJS.ErrnoException).code ?? (fault as Error).message)
