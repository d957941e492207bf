/**
 * The composition root: builds every part in order, and stops them in reverse.
 */
import type { Logger } from 'pino'
import type { FailedWebhooks } from './admin/webhook-failures.ts'
import { AnyOriginWarning } from './apps/any-origin.ts'
import type { App } from './apps/app.ts'
import { Apps, NO_TABLE } from './apps/apps.ts'
import { PostgresApps } from './apps/apps-from-postgres.ts'
import { Bridge } from './bridge/bridge.ts'
import { FORM_BYTES } from './bridge/form.ts'
import { PROXY_HEADERS } from './bridge/proxy.ts'
import { memoryBroker } from './broker/memory.ts'
import { type Clock, realClock } from './clock.ts'
import { restartOnly } from './config/reload.ts'
import type { Config, Limits } from './config/schema.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import type { Readiness } from './http-api/health.ts'
import { createApi } from './http-api/router.ts'
import { EventCache } from './hub/event-cache.ts'
import { Hub } from './hub/hub.ts'
import type { Occurred } from './hub/occurrence.ts'
import { SubscriptionCounts } from './hub/subscription-counts.ts'
import { LaravelSources } from './laravel/sources.ts'
import { Metrics } from './metrics/metrics.ts'
import { RequestCounts } from './metrics/request-counts.ts'
import { connectionCapacity } from './open-files.ts'
import { CLOSE } from './protocol/codes.ts'
import { AtSubscribe } from './session/at-subscribe.ts'
import { closeAll, drain } from './session/drain.ts'
import { Heartbeat } from './session/heartbeat.ts'
import { Sessions } from './session/sessions.ts'
import { type ProcessStatus, processStatus } from './status.ts'
import { certificateExpiry } from './transport/certificate.ts'
import { serveHttp } from './transport/http.ts'
import { HttpConnections } from './transport/http-connections.ts'
import { createApp, join, type Listener, listen } from './transport/listener.ts'
import { serveWebSockets } from './transport/websocket.ts'
import { version } from './version.ts'
import { Webhooks } from './webhooks/webhooks.ts'

export interface ServerOptions {
  readonly config: Config
  readonly log: Logger
  /** The real one when left out. */
  readonly clock?: Clock
  /** A port that other processes of ours listen on as well: it is joined when `join` is called. */
  readonly sharedPort?: number
  /** What `/ready` answers, where this process is one of several that answer for each other. */
  readonly answerFor?: (own: Readiness) => Readiness
}

export interface Server {
  /** As bound. */
  readonly host: string
  readonly port: number
  /** What is live here; for the tests, which look at it after each of them. */
  readonly hub: Hub
  readonly metrics: Metrics
  readonly webhooks: FailedWebhooks
  /** Whether this process would take new clients, whatever others say. */
  readiness(): Readiness
  /** What this process has to tell an operator. */
  status(): Promise<ProcessStatus>
  /** Listens on the shared port. @throws ResoundError when it cannot be used */
  join(): void
  /** Applies what can change while running. @returns the option paths that differ and need a restart */
  reload(config: Config): readonly string[]
  /** Refuses new connections, lets the present ones go at the drain's pace, then stops. */
  drain(): Promise<void>
  /** Stops at once, closing every connection with 4200. Also ends a drain in progress. */
  stop(): Promise<void>
}

const WITHOUT_APPS: Readiness = {
  ready: false,
  reason: 'the table of apps has not been read from PostgreSQL yet',
}
const WITHOUT_REDIS: Readiness = {
  ready: false,
  reason: 'Redis, where a Laravel app publishes, does not answer',
}

/**
 * Starts a server; it is ready when this resolves.
 * @throws ResoundError when an address or certificate cannot be used, or the native part is missing
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, log, clock = realClock, sharedPort, answerFor = (own) => own } = options
  let readiness: Readiness = { ready: true, reason: 'serving' }

  const publicApp = createApp(config.tls)
  const connections = new HttpConnections(publicApp)
  const certificateEnd = config.tls === undefined ? undefined : certificateExpiry(config.tls.cert)
  const loop = new EventLoopDelay(clock)
  const webhooks = new Webhooks({
    config: config.webhooks,
    redis: config.redis,
    log,
    clock,
  })
  const occurred: Occurred = (app, occurrence) => webhooks.occurred(app, occurrence)
  const counts = new SubscriptionCounts(clock, publicApp, occurred)
  const hub = new Hub({
    fanout: publicApp,
    broker: memoryBroker,
    cache: new EventCache({ ...config.cache, clock }),
    counts,
    occurred,
  })
  const table = tableOf(config, log, clock)
  const apps = new Apps({ config, table: table ?? NO_TABLE, log })
  let largestBody = bodyBytes(config.limits, apps.all())
  const heartbeat = new Heartbeat(hub, clock, config)
  const laravel = new LaravelSources({ apps, hub, log, clock })
  const bridge = new Bridge({ hub, log, clock })
  const requests = new RequestCounts()
  const { activityTimeoutSeconds, pathPrefix } = config
  const capacity = connectionCapacity()
  const sessions = new Sessions({
    apps,
    hub,
    clock,
    log,
    heartbeat,
    atSubscribe: new AtSubscribe({ bridge, log }),
    activityTimeoutSeconds,
    capacity,
  })
  const onFault = (fault: unknown): void =>
    log.error({ err: fault }, 'a request failed by a fault of ours')
  const ownReadiness = (): Readiness => {
    if (!readiness.ready) return readiness
    if (table?.isRead === false) return WITHOUT_APPS
    return laravel.isUp ? readiness : WITHOUT_REDIS
  }
  serveWebSockets(publicApp, sessions, {
    pathPrefix,
    ...config.limits,
    onUpgrade: () => connections.upgraded(),
    onFault,
  })
  serveHttp(
    publicApp,
    createApi({
      apps,
      hub,
      bridge,
      clock,
      pathPrefix,
      timestampToleranceSeconds: config.auth.timestampToleranceSeconds,
      readiness: () => answerFor(ownReadiness()),
      answered: (route, status, seconds) => requests.answered(route, status, seconds),
    }),
    {
      bodyBytes: (path) => (isBridged(path) ? FORM_BYTES : largestBody),
      headersOf: (path) => (isBridged(path) ? PROXY_HEADERS : NO_HEADERS),
      onUnhandled: (status) => requests.unhandled(status),
      connections,
      onFault,
    },
  )
  const listeners: Listener[] = []
  const stopListening = (): void => {
    for (const listener of listeners.splice(0)) listener.close()
  }
  const stopParts = (): void => {
    stopListening()
    heartbeat.stop()
    loop.stop()
    counts.stop()
    publicApp.close()
  }
  let publicPort = sharedPort
  if (publicPort === undefined) {
    try {
      const listener = listen(publicApp, config.host, config.port)
      listeners.push(listener)
      publicPort = listener.port
    } catch (fault) {
      stopParts()
      throw fault
    }
  }
  const port = publicPort
  const metrics = new Metrics({
    version,
    prefix: config.metrics.prefix,
    port,
    lives: () => hub.lives(),
    rejected: sessions.rejected,
    measures: hub.measures,
    process: {
      eventLoopDelay: loop.seconds,
      certificateSeconds: () =>
        certificateEnd === undefined ? undefined : (certificateEnd - clock.now()) / 1000,
    },
    requests,
    redis: { states: () => laravel.states(), lost: () => laravel.lost },
    webhooks: () => webhooks.states(),
    bridge: () => bridge.running(),
    apps: () => apps.counts,
    postgres: () => table?.state,
  })
  let { redis, limits } = config
  const anyOrigin = new AnyOriginWarning(log)
  laravel.listen(redis)
  webhooks.configure(apps.all())
  anyOrigin.review(apps.all())
  /** Brings what depends on the apps in line with them. @param removed apps that are no longer served */
  const appsChanged = (removed: readonly App[]): void => {
    for (const { app, connections } of [...hub.lives()]) {
      if (app.settings.enabled) continue
      for (const connection of [...connections.values()]) {
        connection.close(CLOSE.APP_DISABLED, 'The app is disabled.')
      }
    }
    for (const app of removed) {
      for (const connection of [...hub.live(app).connections.values()]) {
        connection.close(CLOSE.APP_NOT_FOUND, 'The app was removed.')
      }
      hub.forget(app)
    }
    largestBody = bodyBytes(limits, apps.all())
    laravel.listen(redis)
    webhooks.configure(apps.all())
    bridge.appsChanged(apps)
    anyOrigin.review(apps.all())
  }
  table?.start(() => appsChanged(apps.update()))

  const stopping = new AbortController()
  let draining: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    readiness = { ready: false, reason: 'stopping' }
    stopping.abort()
    stopListening()
    closeAll(hub)
    await Promise.all([table?.stop(), laravel.stop(), webhooks.stop(), bridge.stop()])
    stopParts()
  }

  return {
    host: config.host,
    port,
    hub,
    metrics,
    webhooks,
    readiness: ownReadiness,
    status: () =>
      processStatus({
        capacity,
        hub,
        redis: laravel.states(),
        apps: apps.counts,
        eventLoopDelay: loop.seconds,
        certificateEnd,
        readiness: ownReadiness(),
      }),
    join() {
      listeners.push(join(publicApp, config.host, port))
    },
    reload(next) {
      redis = next.redis
      limits = next.limits
      appsChanged(apps.update(next))
      log.level = next.log.level
      return restartOnly(config, next)
    },
    drain() {
      draining ??= (async () => {
        readiness = { ready: false, reason: 'draining' }
        connections.close()
        await Promise.all([
          connections.quiet().then(stopListening),
          drain(hub, clock, config.drain, stopping.signal),
        ])
        await connections.settled(clock, stopping.signal)
        await drain(hub, clock, config.drain, stopping.signal) // those whose upgrade was on its way
        stopped ??= stop()
        await stopped
      })()
      return draining
    },
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}

const NO_HEADERS: readonly string[] = []

/** Whether a path can be one of the bridge's. */
const isBridged = (path: string): boolean => path.endsWith('/auth') || path.endsWith('/user-auth')

function tableOf({ postgres }: Config, log: Logger, clock: Clock): PostgresApps | undefined {
  const { url } = postgres
  if (url === undefined) return undefined
  return new PostgresApps({ postgres: { ...postgres, url }, log, clock })
}

/** Room for a full batch of the largest events, twice over for what JSON escapes, and for its frame. */
function bodyBytes(serverWide: Limits, apps: Iterable<App>): number {
  let largest = bytesOfBatch(serverWide)
  for (const { limits } of apps) largest = Math.max(largest, bytesOfBatch(limits))
  return 2 * largest + 64 * 1024
}

const bytesOfBatch = (limits: Limits): number =>
  limits.eventBytes * limits.eventsPerBatch + limits.channelNameLength * limits.channelsPerEvent
