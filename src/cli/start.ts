/**
 * `resound start`: the server in the foreground, from the configuration to the last signal.
 */
import type { Logger } from 'pino'
import { type Loaded, loadConfig, readConfig } from '../config/load.ts'
import type { Notice } from '../config/notice.ts'
import { describeProblem } from '../config/problem.ts'
import type { Flags } from '../config/sources.ts'
import { ResoundError } from '../errors.ts'
import { createLogger } from '../log.ts'
import { type Server, startServer } from '../server.ts'
import { version } from '../version.ts'
import { laravelBlock, readyLine, readyText } from './listening.ts'
import { type ColourChoice, EXIT, isColoured, print } from './output.ts'

/** Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm. */
const SAME_INTERRUPT_MILLISECONDS = 300

/**
 * Runs until SIGTERM or SIGINT has drained the server, or a second one has ended it.
 *
 * @returns the exit code
 * @throws ResoundError when it cannot be configured or cannot listen
 */
export async function start(flags: Flags, colour: ColourChoice): Promise<number> {
  const loaded = loadConfig({ flags, keepGeneratedApp: true })
  const { config } = loaded
  const format = config.log.format ?? (process.stderr.isTTY ? 'pretty' : 'json')
  const log = createLogger({
    level: config.log.level,
    format,
    colour: isColoured(colour, process.stderr),
  })
  log.info(sourcesOf(loaded, flags), 'starting')
  const tell = notifier(log)
  tell(loaded.notices)

  const server = await startServer({ config, log })
  const stopped = untilStopped(server, log, () => reload(server, log, flags, tell)) // first: who reads the ready line may signal at once
  announce(server, loaded, format, colour)
  const code = await stopped
  log.info('stopped')
  return code
}

/** What was taken from where: names only, and only of places that gave something. */
function sourcesOf(loaded: Loaded, flags: Flags): Readonly<Record<string, unknown>> {
  const named: Record<'environment' | 'flags' | 'laravel', string[]> = {
    environment: [],
    flags: [],
    laravel: [],
  }
  let generatedApp: string | undefined
  for (const origin of loaded.origins) {
    if (origin.kind === 'environment') named.environment.push(origin.variable)
    if (origin.kind === 'laravel') named.laravel.push(origin.variable)
    if (origin.kind === 'flag') named.flags.push(origin.flag)
    if (origin.kind === 'generated') generatedApp = origin.file
  }
  const given = Object.entries(named).filter(([, names]) => names.length > 0)
  return {
    version,
    config: loaded.file,
    laravelApp: flags.laravel,
    ...Object.fromEntries(given),
    generatedApp,
    apps: loaded.config.apps.length,
  }
}

function announce(
  server: Server,
  { config, originOf }: Loaded,
  format: 'pretty' | 'json',
  colour: ColourChoice,
): void {
  if (format === 'json') {
    print(readyLine(server, process.pid))
    return
  }
  const coloured = isColoured(colour, process.stdout)
  print(readyText(server, config, coloured))
  const [app, ...others] = config.apps
  const origin = originOf(['apps', 0, 'secret'])
  if (app === undefined || others.length > 0 || origin.kind === 'laravel') return
  if (process.stdout.isTTY) print(laravelBlock(server, config, app, coloured))
  else if (origin.kind === 'generated') print(`The app's key and secret are in ${origin.file}\n`)
}

/** Logs notices, and of later ones only what has changed since. */
function notifier(log: Logger): (notices: readonly Notice[]) => void {
  let told = new Set<string>()
  return (notices) => {
    const before = told
    told = new Set(notices.map((notice) => JSON.stringify(notice)))
    for (const notice of notices) {
      const { level, message, fields } = notice
      if (!before.has(JSON.stringify(notice))) log[level](fields, message)
    }
  }
}

function untilStopped(server: Server, log: Logger, reloaded: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let drainingSince: number | undefined
    let code: number = EXIT.DONE
    const onStopSignal = (signal: NodeJS.Signals): void => {
      const now = Date.now()
      if (drainingSince === undefined) {
        drainingSince = now
        log.info({ signal }, 'draining; a second signal ends it at once')
        finishing(server.drain())
      } else if (signal !== 'SIGINT' || now - drainingSince > SAME_INTERRUPT_MILLISECONDS) {
        log.warn({ signal }, 'ending at once')
        code = EXIT.INTERRUPTED
        finishing(server.stop())
      }
    }
    const onReloadSignal = (): void => {
      if (drainingSince === undefined) reloaded()
    }
    const finishing = (ended: Promise<void>): void => {
      ended.then(() => resolve(code), reject)
    }
    // To the end of the process: a late signal must not kill it on its last steps.
    process.on('SIGTERM', onStopSignal).on('SIGINT', onStopSignal).on('SIGHUP', onReloadSignal)
  })
}

/** Takes over a changed configuration; a refused one changes nothing. */
function reload(
  server: Server,
  log: Logger,
  flags: Flags,
  tell: (notices: readonly Notice[]) => void,
): void {
  const reading = readConfig({ flags })
  const problems = reading.valid ? lostApp(reading) : reading.problems.map(describeProblem)
  if (!reading.valid || problems.length > 0) {
    log.error({ code: 'RESOUND_CONFIG_INVALID', problems }, 'not reloaded; nothing has changed')
    return
  }
  let needRestart: readonly string[]
  try {
    needRestart = server.reload(reading.config)
  } catch (fault) {
    if (!(fault instanceof ResoundError)) throw fault
    const { code, remedy } = fault
    log.error({ code, problems: [fault.message], remedy }, 'not reloaded; nothing has changed')
    return
  }
  tell(reading.notices)
  log.info(sourcesOf(reading, flags), 'reloaded')
  if (needRestart.length > 0) {
    log.warn({ options: needRestart }, 'a restart is needed for these options to take effect')
  }
}

/** A start without an app makes one up; a running server that did would turn everybody away. */
function lostApp({ originOf }: Loaded): string[] {
  const origin = originOf(['apps', 0, 'secret'])
  if (origin.kind !== 'generated' || origin.isKept) return []
  return [`${origin.file}: the generated app is gone, and no other is configured`]
}
