/**
 * `resound start`: the server in the foreground, from the configuration to the last signal.
 */

import type { Command } from 'commander'
import type { Logger } from 'pino'
import type { Control } from '../admin/control.ts'
import { eventBodyBytes } from '../admin/live.ts'
import { type AdminPort, serveAdminPort } from '../admin/port.ts'
import { type AdminApi, createAdminApi } from '../admin/router.ts'
import { type AdminSocket, serveAdminSocket } from '../admin/socket.ts'
import { identityOf, placeForSocket } from '../admin/socket-path.ts'
import { startedWith } from '../admin/started-with.ts'
import { createWebConsole } from '../admin/web-console.ts'
import { type Loaded, loadConfig, processEnvironment } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Flags } from '../config/sources.ts'
import { ResoundError } from '../errors.ts'
import { createLogger } from '../log.ts'
import { Group } from '../process/group.ts'
import { notifier, sourcesOf } from '../process/reading.ts'
import { type Listening, laravelBlock, readyLine, readyText } from './listening.ts'
import { type ColourChoice, EXIT, isColoured, print } from './output.ts'
import { colourOf, type Ended, withSources } from './target-options.ts'

/** Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm. */
const SAME_INTERRUPT_MILLISECONDS = 300

/**
 * Runs until a signal or `resound stop` has drained the server, or a second signal has ended it.
 *
 * @returns the exit code
 * @throws ResoundError when it cannot be configured or cannot listen
 */
export async function start(flags: Flags, colour: ColourChoice): Promise<number> {
  const loaded = loadConfig({ flags, keepGeneratedApp: true })
  const { config } = loaded
  const format = config.log.format ?? (process.stderr.isTTY ? 'pretty' : 'json')
  const coloured = isColoured(colour, process.stderr)
  const log = createLogger({ level: config.log.level, format, colour: coloured })
  log.info(sourcesOf(loaded, flags), 'starting')
  const tell = notifier(log)
  tell(loaded.notices)

  const group = await Group.start({ config, flags, log, tell, format, coloured })
  let admin: Admin
  try {
    admin = await serveAdmin(group, config, flags, log)
  } catch (fault) {
    group.stop()
    await group.ended
    throw fault
  }
  const stopped = untilStopped(group, log) // first: who reads the ready line may signal at once
  const { host, port } = group
  announce({ host, port, admin: admin.address, consoleLink: admin.link }, loaded, format, colour)
  const code = await stopped
  log.info('stopped')
  admin.stop()
  return code
}

interface Admin {
  readonly address: { readonly host: string; readonly port: number }
  /** To the console, with the key to change things. */
  readonly link: string
  stop(): void
}

/** Opens the doors by which operators reach the group: the port, and the socket where there can be one. */
async function serveAdmin(group: Group, config: Config, flags: Flags, log: Logger): Promise<Admin> {
  const { metrics, webhooks, live, health, watch } = group
  const environment = processEnvironment()
  const identity = identityOf(flags, environment, process.cwd())
  const control: Control = {
    get readiness() {
      return group.readiness
    },
    status: async () => ({
      ...(await group.status()),
      listeners: {
        public: { host: group.host, port: group.port, tls: config.tls !== undefined },
        admin: { host: port.host, port: port.port },
        socket: socket?.path ?? null,
      },
    }),
    configuration: () => group.configuration(),
    nodes: () => group.nodes(),
    restart: () => group.restart('resound restart'),
    reload: () => group.reload(),
    end: (isNow) => {
      log.info(isNow ? 'ending at once, as resound stop asks' : 'draining, as resound stop asks')
      if (isNow) group.stop()
      else group.drain()
      return { pid: process.pid, windowSeconds: group.drainSeconds }
    },
  }
  const { token } = config.admin
  const web = createWebConsole({
    flags,
    metrics,
    status: () => control.status(),
    needsToken: token !== undefined,
    port: () => port,
    log,
  })
  const parts = {
    metrics,
    webhooks,
    live,
    eventBodyBytes: eventBodyBytes(config),
    control,
    health,
    watch,
    identity,
    startedWith: startedWith(flags, environment, process.cwd()),
    key: web.key,
    more: web.routes,
  }
  // Before the port: a command that finds the port there, and no socket, has fewer rights by that way.
  const socket = await serveSocket(
    createAdminApi({ ...parts, token: undefined, isPrivate: true }), // who may open its file needs none
    { named: config.admin.socket, usual: placeForSocket(identity, environment) },
    log,
  )
  let port: AdminPort
  try {
    port = serveAdminPort(createAdminApi({ ...parts, token }), config.admin, log)
  } catch (fault) {
    socket?.stop()
    throw fault
  }
  return {
    address: port,
    link: web.link(),
    stop: () => {
      socket?.stop()
      port.stop()
    },
  }
}

/**
 * Opens the admin socket; a server does without where it was not asked for and cannot be.
 * @throws ResoundError where it was
 */
async function serveSocket(
  api: AdminApi,
  { named, usual }: { readonly named: string | undefined; readonly usual: string | undefined },
  log: Logger,
): Promise<AdminSocket | undefined> {
  const file = named ?? usual
  if (file === undefined) {
    log.warn('there is no run directory for an admin socket')
    return undefined
  }
  try {
    return await serveAdminSocket(api, file, log)
  } catch (fault) {
    if (named !== undefined || !(fault instanceof ResoundError)) throw fault
    const { code, message, remedy } = fault
    log.warn(
      { code, reason: message, remedy },
      'without an admin socket: commands reach the port only',
    )
    return undefined
  }
}

function announce(
  listening: Listening & { readonly consoleLink: string },
  { config, originOf }: Loaded,
  format: 'pretty' | 'json',
  colour: ColourChoice,
): void {
  if (format === 'json') {
    print(readyLine(listening, process.pid))
    return
  }
  const coloured = isColoured(colour, process.stdout)
  // The key is for who looks on, and not for a log that standard output is kept in.
  const link = process.stdout.isTTY ? listening.consoleLink : undefined
  print(readyText(listening, config, coloured, link))
  const [app, ...others] = config.apps
  const origin = originOf(['apps', 0, 'secret'])
  if (app === undefined || others.length > 0 || origin.kind === 'laravel') return
  if (process.stdout.isTTY) print(laravelBlock(listening, config, app, coloured))
  else if (origin.kind === 'generated') print(`The app's key and secret are in ${origin.file}\n`)
}

/** Signals, until nothing serves any more. @returns the exit code */
async function untilStopped(group: Group, log: Logger): Promise<number> {
  let drainingSince: number | undefined
  let code: number = EXIT.DONE
  const onStopSignal = (signal: NodeJS.Signals): void => {
    const now = Date.now()
    if (drainingSince === undefined) {
      drainingSince = now
      log.info({ signal }, 'draining; a second signal ends it at once')
      group.drain()
    } else if (signal !== 'SIGINT' || now - drainingSince > SAME_INTERRUPT_MILLISECONDS) {
      log.warn({ signal }, 'ending at once')
      code = EXIT.INTERRUPTED
      group.stop()
    }
  }
  const onReloadSignal = (): void => {
    if (drainingSince !== undefined) return
    group.reload().catch((fault: unknown) => log.error({ err: fault }, 'not reloaded'))
  }
  const onRestartSignal = (): void => {
    group.restart('SIGUSR2').then(
      (restarting) => {
        if (!restarting.isDone) log.warn({ reason: restarting.reason }, 'not restarted')
      },
      () => undefined, // logged by the group
    )
  }
  // To the end of the process: a late signal must not kill it on its last steps.
  process.on('SIGTERM', onStopSignal).on('SIGINT', onStopSignal)
  process.on('SIGHUP', onReloadSignal).on('SIGUSR2', onRestartSignal)
  await group.ended
  return code
}

const START_HELP = `
Without a configured app, one is generated and kept in .resound/ here.
SIGTERM and SIGINT let connections go at a pace and end with 0; a second one
ends at once, with 130. SIGHUP reads the configuration again, SIGUSR2 restarts.
Ends with 78 when the configuration is refused, with 1 when it cannot listen.`

/** Adds the command. */
export function startCommand(program: Command, ended: Ended): void {
  withSources(program.command('start'))
    .summary('run the server')
    .description('Runs the server in the foreground')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port for WebSocket and HTTP API, 0 for a free one')
    .option('--workers <number>', 'processes that serve; above 1 needs Redis')
    .option('--log-level <level>', 'least severe level that is logged')
    .option('--log-format <format>', 'pretty or json')
    .addHelpText('after', START_HELP)
    .action(async (flags: Flags) => {
      ended(await start(flags, colourOf(program)))
    })
}
