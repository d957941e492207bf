/**
 * The composition root: builds every part in order, and stops them in reverse.
 */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { FailedWebhooks } from './admin/webhook-failures.ts'
import { AnyOriginWarning } from './apps/any-origin.ts'
import type { App } from './apps/app.ts'
import { Apps, NO_TABLE } from './apps/apps.ts'
import { PostgresApps } from './apps/apps-from-postgres.ts'
import { Bridge } from './bridge/bridge.ts'
import { FORM_BYTES } from './bridge/form.ts'
import { PROXY_HEADERS } from './bridge/proxy.ts'
import { MemoryBroker } from './broker/memory.ts'
import { RedisBroker } from './broker/redis.ts'
import { type Clock, realClock } from './clock.ts'
import { restartOnly } from './config/reload.ts'
import type { Config, Limits } from './config/schema.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import type { CanaryResult } from './health/canary.ts'
import { sendOwnCanary } from './health/own-canary.ts'
import type { Readiness } from './http-api/health.ts'
import { createApi } from './http-api/router.ts'
import { EventCache } from './hub/event-cache.ts'
import { Hub } from './hub/hub.ts'
import { Observers } from './hub/observation.ts'
import type { Occurred } from './hub/occurrence.ts'
import { SubscriptionCounts } from './hub/subscription-counts.ts'
import { LaravelSources } from './laravel/sources.ts'
import { Live } from './live/live.ts'
import type { Answering } from './live/question.ts'
import { Metrics } from './metrics/metrics.ts'
import { RequestCounts } from './metrics/request-counts.ts'
import { connectionCapacity, lowLimit, openFilesLimit } from './open-files.ts'
import { CLOSE } from './protocol/codes.ts'
import { isConfigured } from './redis/target.ts'
import { Room } from './room.ts'
import { AtSubscribe } from './session/at-subscribe.ts'
import { answered, closeAll, drain } from './session/drain.ts'
import { Heartbeat } from './session/heartbeat.ts'
import { Sessions } from './session/sessions.ts'
import { type ProcessStatus, processStatus } from './status.ts'
import { type Watch, watchHere } from './tail/watch.ts'
import { readCertificate } from './transport/certificate.ts'
import { serveHttp, type Traffic } from './transport/http.ts'
import { HttpConnections } from './transport/http-connections.ts'
import { join, type Listener, listen } from './transport/listener.ts'
import { PublicApps } from './transport/public-apps.ts'
import { uWebSocketsRelease } from './transport/uws.ts'
import { serveWebSockets } from './transport/websocket.ts'
import { version } from './version.ts'
import { Webhooks } from './webhooks/webhooks.ts'

export interface ServerOptions {
  readonly config: Config
  readonly log: Logger
  /** The real one when left out. */
  readonly clock?: Clock
  /** How late those are, in seconds, who take this server's connections when it drains; else the other nodes say. */
  readonly pressure?: () => number
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
  /** The other nodes that this one shares a Redis with, if there is one. */
  readonly group: Group | undefined
  /** Requests on the public port that are being answered. */
  readonly unanswered: number
  readonly metrics: Metrics
  readonly webhooks: FailedWebhooks
  /** What is there now, on all nodes. */
  readonly live: Answering
  /** Shows what happens here. @returns what ends that */
  readonly watch: Watch
  /** Whether this process would take new clients, whatever others say. */
  readiness(): Readiness
  /** What this process has to tell an operator. */
  status(): ProcessStatus
  /** Sends an event through the public port and back. It never rejects. */
  canary(milliseconds: number): Promise<CanaryResult>
  /** Listens on the shared port. @throws ResoundError when it cannot be used */
  join(): void
  /**
   * Applies what can change while running, a renewed certificate too.
   * @returns the option paths that differ and need a restart
   * @throws ResoundError RESOUND_TLS_INVALID, and then nothing has changed
   */
  reload(config: Config): readonly string[]
  /** Refuses new connections, lets the present ones go at the drain's pace, then stops. */
  drain(): Promise<void>
  /** Stops at once, closing every connection with 4200. Also ends a drain in progress. */
  stop(): Promise<void>
}

/** What this node knows of the others. */
export type Group = Pick<RedisBroker, 'state' | 'echo' | 'overview'>

const WITHOUT_APPS: Readiness = {
  ready: false,
  reason: 'the table of apps has not been read from PostgreSQL yet',
}
const WITHOUT_REDIS: Readiness = {
  ready: false,
  reason: 'Redis, where a Laravel app publishes, does not answer',
}
const WITHOUT_GROUP: Readiness = {
  ready: false,
  reason: 'Redis, which the nodes share, does not answer',
}

/**
 * Starts a server; it is ready when this resolves.
 * @throws ResoundError when an address or certificate cannot be used, or the native part is missing
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, log, clock = realClock } = options
  const {
    sharedPort,
    answerFor = (own) => own,
    pressure = () => shared?.latestSeconds ?? 0,
  } = options
  let readiness: Readiness = { ready: true, reason: 'serving' }

  const publicApps = new PublicApps(config.tls)
  const connections = new HttpConnections()
  let certificate = config.tls === undefined ? undefined : readCertificate(config.tls)
  const loop = new EventLoopDelay(clock)
  const table = tableOf(config, log, clock)
  const apps = new Apps({ config, table: table ?? NO_TABLE, log })
  const isShared = isConfigured(config.redis)
  const webhooks = new Webhooks({
    // Over several nodes it is Redis that knows who has come back before the grace was over.
    config: isShared ? { ...config.webhooks, graceSeconds: 0 } : config.webhooks,
    redis: config.redis,
    log,
    clock,
  })
  const occurred: Occurred = (app, occurrence) => webhooks.occurred(app, occurrence)
  const counts = new SubscriptionCounts(clock, occurred)
  const observers = new Observers(clock)
  const cache = new EventCache({ ...config.cache, clock })
  const shared = isShared ? sharedBroker(config, apps, cache, loop, log, clock) : undefined
  const { lingerSeconds } = config.presence
  const broker =
    shared ??
    new MemoryBroker({
      cache,
      live: (app) => hub.live(app),
      lingerMilliseconds: 1000 * lingerSeconds,
      clock,
    })
  const hub: Hub = new Hub({ fanout: publicApps, broker, cache, counts, occurred, observers })
  const live = new Live({ apps, hub, broker, peers: shared })
  let largestBody = bodyBytes(config.limits, apps.all())
  const heartbeat = new Heartbeat(hub, clock, config)
  const laravel = new LaravelSources({ apps, hub, log, clock })
  const bridge = new Bridge({ hub, log, clock })
  const requests = new RequestCounts()
  const { activityTimeoutSeconds, pathPrefix } = config
  const room = new Room({
    clock,
    log,
    memoryLimitBytes: config.memory.limitBytes,
    clients: () => {
      const webSockets = hub.connectionCount + sessions.held
      return { webSockets, others: connections.sockets - webSockets }
    },
  })
  const sessions = new Sessions({
    apps,
    hub,
    clock,
    log,
    heartbeat,
    atSubscribe: new AtSubscribe({ bridge, log }),
    activityTimeoutSeconds,
    room,
    welcome: config.welcome,
  })
  const onFault = (fault: unknown): void =>
    log.error({ err: fault }, 'a request failed by a fault of ours')
  const ownReadiness = (): Readiness => {
    if (!readiness.ready) return readiness
    if (table?.isRead === false) return WITHOUT_APPS
    if (!laravel.isUp) return WITHOUT_REDIS
    if (shared?.state.isLive === false) return WITHOUT_GROUP
    const shortage = room.shortage()
    return shortage === undefined ? readiness : { ready: false, reason: shortage.reason }
  }
  const api = createApi({
    apps,
    hub,
    broker,
    bridge,
    clock,
    pathPrefix,
    timestampToleranceSeconds: config.auth.timestampToleranceSeconds,
    readiness: () => answerFor(ownReadiness()),
    answered: (route, status, seconds) => requests.answered(route, status, seconds),
  })
  const traffic: Traffic = { bytes: 0, unanswered: 0 }
  publicApps.serve((generation) => {
    connections.watch(generation.app, () => room.isExhausted)
    serveWebSockets(generation, sessions, {
      pathPrefix,
      ...config.limits,
      onUpgrade: () => connections.upgraded(),
      onClose: () => connections.closed(),
      onFault,
    })
    serveHttp(
      generation.app,
      api,
      {
        bodyBytes: (path) => (isBridged(path) ? FORM_BYTES : largestBody),
        headersOf: (path) => (isBridged(path) ? PROXY_HEADERS : NO_HEADERS),
        onUnhandled: (status) => requests.unhandled(status),
        connections,
        onFault,
      },
      traffic,
    )
  })
  const listeners: Listener[] = []
  const stopListening = (): void => {
    for (const listener of listeners.splice(0)) listener.close()
  }
  const stopParts = (): void => {
    stopListening()
    heartbeat.stop()
    loop.stop()
    room.stop()
    counts.stop()
    publicApps.close()
  }
  await shared?.start() // before anybody is served: the others are to know this node
  let port = sharedPort ?? 0
  if (sharedPort === undefined) {
    try {
      const listener = listen(publicApps.listening, config.host, config.port)
      listeners.push(listener)
      port = listener.port
    } catch (fault) {
      stopParts()
      await broker.stop()
      throw fault
    }
  }
  const metrics = new Metrics({
    version,
    prefix: config.metrics.prefix,
    port,
    ready: () => ownReadiness().ready,
    lives: () => hub.lives(),
    rejected: sessions.rejected,
    held: () => sessions.held,
    measures: hub.measures,
    process: {
      eventLoopDelay: loop.seconds,
      memoryLimitBytes: room.memoryLimitBytes,
      isMemoryShared: config.memory.limitBytes === 0,
      certificateSeconds: () =>
        certificate === undefined ? undefined : (certificate.endsAt - clock.now()) / 1000,
    },
    requests,
    redis: {
      states: () => [...laravel.states(), ...(shared === undefined ? [] : [shared.redis])],
      lost: () => laravel.lost,
    },
    group: () => shared?.state,
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
  const low = lowLimit(openFilesLimit(), mostConnections(apps.all()))
  if (low !== undefined) log.warn(low, 'the limit on open files is low')
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
    sessions.stop()
    closeAll(hub)
    await broker.stop() // first: it has webhooks to tell
    await Promise.all([table?.stop(), laravel.stop(), webhooks.stop(), bridge.stop()])
    stopParts()
  }

  return {
    host: config.host,
    port,
    hub,
    group: shared,
    get unanswered() {
      return traffic.unanswered
    },
    metrics,
    webhooks,
    live,
    watch: (filter, tell) => watchHere(observers, clock, filter, tell),
    readiness: ownReadiness,
    status: () =>
      processStatus({
        capacity: connectionCapacity(),
        memoryLimitBytes: room.memoryLimitBytes,
        shortage: room.shortage()?.of,
        uWebSockets: uWebSocketsRelease(),
        hub,
        redis: [...laravel.states(), ...(shared === undefined ? [] : [shared.redis])],
        nodes: shared?.state.nodes,
        apps: apps.counts,
        eventLoopDelay: loop,
        certificateEnd: certificate?.endsAt,
        readiness: ownReadiness(),
      }),
    canary: (milliseconds) =>
      sendOwnCanary(
        {
          apps,
          connectionsOf: (app) => hub.connectionsOf(app),
          host: config.host,
          port,
          isTls: config.tls !== undefined,
          pathPrefix,
        },
        milliseconds,
      ),
    join() {
      if (stopped !== undefined) throw new Error('a server that has stopped cannot listen again')
      listeners.push(join(publicApps.listening, config.host, port))
    },
    reload(next) {
      if (certificate !== undefined && next.tls !== undefined) {
        const read = readCertificate(next.tls)
        if (read.fingerprint !== certificate.fingerprint) {
          publicApps.renew(next.tls)
          certificate = read
        }
      }
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
        const { signal } = stopping
        const late = (): number => Math.max(loop.recentSeconds, pressure())
        const parts = { hub, clock, signal, options: config.drain, pressure: late }
        const until = clock.now() + config.drain.stopSeconds * 1000
        const letGo = (): Promise<void> => drain({ ...parts, held: () => sessions.held })
        await connections.quiet()
        stopListening()
        await letGo() // only now: who is sent away dials at once, and must not meet a listener that closes
        await Promise.all([
          answered(traffic, { clock, signal, until }),
          connections.settled(clock, signal),
        ])
        await letGo() // those whose upgrade was on its way
        // Whoever asks now, on a connection it kept, must not be heard here alone and answered 503.
        publicApps.close()
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

/** Takes part in the group of nodes that share the Redis of the configuration. */
function sharedBroker(
  { redis: { keyPrefix, ...target }, cache, presence, webhooks }: Config,
  apps: Apps,
  remembered: EventCache,
  loop: EventLoopDelay,
  log: Logger,
  clock: Clock,
): RedisBroker {
  return new RedisBroker({
    target,
    keyPrefix,
    apps,
    cache: remembered,
    cacheTtlSeconds: cache.ttlSeconds,
    lingerSeconds: presence.lingerSeconds,
    graceSeconds: webhooks.graceSeconds,
    delaySeconds: () => loop.recentSeconds,
    about: { version, host: hostname(), pid: process.pid, startedAt: clock.now() },
    log,
    clock,
  })
}

/** How many connections all apps together may have; 0 where one of them has no bound. */
function mostConnections(apps: Iterable<App>): number {
  let most = 0
  for (const { settings } of apps) {
    if (settings.maxConnections === 0) return 0
    most += settings.maxConnections
  }
  return most
}

/** Room for a full batch of the largest events, twice over for what JSON escapes, and for its frame. */
function bodyBytes(serverWide: Limits, apps: Iterable<App>): number {
  let largest = bytesOfBatch(serverWide)
  for (const { limits } of apps) largest = Math.max(largest, bytesOfBatch(limits))
  return 2 * largest + 64 * 1024
}

const bytesOfBatch = (limits: Limits): number =>
  limits.eventBytes * limits.eventsPerBatch + limits.channelNameLength * limits.channelsPerEvent
