/**
 * The composition root: builds every part in order, and stops them in reverse.
 */
import type { Logger } from 'pino'
import type { FailedWebhooks } from './admin/webhook-failures.ts'
import { AppChanges } from './app-changes.ts'
import { Apps, NO_TABLE } from './apps/apps.ts'
import { PostgresApps } from './apps/apps-from-postgres.ts'
import { Bridge } from './bridge/bridge.ts'
import { MemoryBroker } from './broker/memory.ts'
import type { RedisBroker } from './broker/redis.ts'
import { type Clock, realClock } from './clock.ts'
import { restartOnly } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import { Ending } from './ending.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import type { CanaryResult } from './health/canary.ts'
import { sendOwnCanary } from './health/own-canary.ts'
import type { Readiness } from './http-api/health.ts'
import { RequestBounds } from './http-api/request-bounds.ts'
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
import { OwnReadiness } from './own-readiness.ts'
import { isConfigured } from './redis/target.ts'
import { Room } from './room.ts'
import { AtSubscribe } from './session/at-subscribe.ts'
import { Heartbeat } from './session/heartbeat.ts'
import { Sessions } from './session/sessions.ts'
import { sharedBroker } from './shared-broker.ts'
import { type ProcessStatus, processStatus } from './status.ts'
import { type Watch, watchHere } from './tail/watch.ts'
import { PublicPort } from './transport/public-port.ts'
import { uWebSocketsRelease } from './transport/uws.ts'
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

/**
 * Starts a server; it is ready when this resolves.
 * @throws ResoundError when an address or certificate cannot be used, or the native part is missing
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, log, clock = realClock, sharedPort, answerFor = (own) => own } = options
  const { pressure = () => shared?.latestSeconds ?? 0 } = options
  const port = new PublicPort({ ...config, port: sharedPort ?? config.port })
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
  const shared = isShared ? sharedBroker({ config, apps, cache, loop, log, clock }) : undefined
  const broker =
    shared ??
    new MemoryBroker({
      cache,
      live: (app) => hub.live(app),
      lingerMilliseconds: 1000 * config.presence.lingerSeconds,
      clock,
    })
  const hub: Hub = new Hub({ fanout: port.apps, broker, cache, counts, occurred, observers })
  const live = new Live({ apps, hub, broker, peers: shared })
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
      return { webSockets, others: port.connections.sockets - webSockets }
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
  const readiness = new OwnReadiness({ table, laravel, group: shared, room })
  const api = createApi({
    apps,
    hub,
    broker,
    bridge,
    clock,
    pathPrefix,
    timestampToleranceSeconds: config.auth.timestampToleranceSeconds,
    readiness: () => answerFor(readiness.now),
    answered: (route, status, seconds) => requests.answered(route, status, seconds),
  })
  const bounds = new RequestBounds(config.limits, apps.all())
  port.serve({
    sessions,
    api,
    webSockets: { pathPrefix, ...config.limits },
    http: {
      bodyBytes: bounds.bodyBytes,
      headersOf: bounds.headersOf,
      onUnhandled: (status) => requests.unhandled(status),
    },
    isFull: () => room.isExhausted,
    onFault: (fault) => log.error({ err: fault }, 'a request failed by a fault of ours'),
  })
  const stopTimers = (): void => {
    for (const part of [heartbeat, loop, room, counts]) part.stop()
  }
  await shared?.start() // before anybody is served: the others are to know this node
  if (sharedPort === undefined) {
    try {
      port.listen()
    } catch (fault) {
      stopTimers()
      port.close()
      await broker.stop()
      throw fault
    }
  }
  const metrics = new Metrics({
    version,
    prefix: config.metrics.prefix,
    port: port.number,
    ready: () => readiness.now.ready,
    lives: () => hub.lives(),
    rejected: sessions.rejected,
    held: () => sessions.held,
    measures: hub.measures,
    process: {
      eventLoopDelay: loop.seconds,
      memoryLimitBytes: room.memoryLimitBytes,
      isMemoryShared: config.memory.limitBytes === 0,
      certificateSeconds: () =>
        port.certificateEnd === undefined ? undefined : (port.certificateEnd - clock.now()) / 1000,
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
  const low = lowLimit(openFilesLimit(), apps.mostConnections)
  if (low !== undefined) log.warn(low, 'the limit on open files is low')
  const changes = new AppChanges({ apps, hub, laravel, webhooks, bridge, bounds, log }, config)
  table?.start(() => changes.tableChanged())
  const ending = new Ending({
    hub,
    sessions,
    port,
    readiness,
    options: config.drain,
    pressure: () => Math.max(loop.recentSeconds, pressure()),
    stopParts: async () => {
      await broker.stop() // first: it has webhooks to tell
      await Promise.all([table?.stop(), laravel.stop(), webhooks.stop(), bridge.stop()])
      stopTimers()
    },
    clock,
  })

  return {
    host: config.host,
    port: port.number,
    hub,
    group: shared,
    get unanswered() {
      return port.traffic.unanswered
    },
    metrics,
    webhooks,
    live,
    watch: (filter, tell) => watchHere(observers, clock, filter, tell),
    readiness: () => readiness.now,
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
        certificateEnd: port.certificateEnd,
        readiness: readiness.now,
      }),
    canary: (milliseconds) =>
      sendOwnCanary(
        {
          apps,
          connectionsOf: (app) => hub.connectionsOf(app),
          host: config.host,
          port: port.number,
          isTls: config.tls !== undefined,
          pathPrefix,
        },
        milliseconds,
      ),
    join() {
      if (ending.isStopping) throw new Error('a server that has stopped cannot listen again')
      port.join()
    },
    reload(next) {
      if (next.tls !== undefined) port.renew(next.tls)
      changes.configured(next)
      log.level = next.log.level
      return restartOnly(config, next)
    },
    drain: () => ending.drain(),
    stop: () => ending.stop(),
  }
}

function tableOf({ postgres }: Config, log: Logger, clock: Clock): PostgresApps | undefined {
  const { url } = postgres
  if (url === undefined) return undefined
  return new PostgresApps({ postgres: { ...postgres, url }, log, clock })
}
