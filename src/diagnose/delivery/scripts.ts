/**
 * What the Laravel app itself is asked to do: PHP for `askPhp`.
 *
 * All of it is what the framework does when an app broadcasts, with classes of the framework alone, so that
 * a worker can read a job of ours. Laravel 9 and later.
 */
import { z } from 'zod'

/** Why PHP could not: from the last exception to the first. */
export const Failure = z.object({ exception: z.string(), message: z.string() })
export type Failure = z.infer<typeof Failure>

const orNothing = <T extends z.ZodType>(type: T) =>
  type.nullish().transform((value) => value ?? undefined)

const FAILURE = `
$failure = function (Throwable $e) {
    $messages = [];
    for ($one = $e; $one !== null; $one = $one->getPrevious()) $messages[] = $one->getMessage();
    return ['exception' => get_class($e), 'message' => substr(implode(' / ', array_unique($messages)), 0, 1000)];
};
`

/** Broadcasts on the app's default connection, at once. `$input`: channel, event, bytes. */
export const BROADCAST_SCRIPT = String.raw`
${FAILURE}
$begun = hrtime(true);
try {
    $app->make(\Illuminate\Contracts\Broadcasting\Factory::class)->connection()->broadcast(
        [$input['channel']], $input['event'], ['canary' => str_repeat('-', $input['bytes'])]
    );
} catch (Throwable $e) {
    $failed = $failure($e);
}
$proxies = [];
foreach (['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as $name) {
    if (getenv($name)) $proxies[] = $name;
}
return [
    'failed' => $failed ?? null,
    'milliseconds' => (int) ((hrtime(true) - $begun) / 1e6),
    'proxies' => $proxies,
    'hasCurl' => extension_loaded('curl'),
];
`
export const Broadcast = z.object({
  failed: orNothing(Failure),
  milliseconds: z.int(),
  /** Variables that send PHP's requests through a proxy. */
  proxies: z.array(z.string()),
  hasCurl: z.boolean(),
})
export type Broadcast = z.infer<typeof Broadcast>

/**
 * Queues an event as a queued broadcast is queued: a notification to nobody, on a channel of ours.
 * `$input`: channel.
 */
export const QUEUE_SCRIPT = String.raw`
${FAILURE}
$config = $app['config'];
$name = (string) $config->get('queue.default');
$options = (array) $config->get("queue.connections.$name");
$waiting = $id = null;
try {
    $waiting = $app['queue']->connection()->size();
} catch (Throwable $e) {
    // Not every driver counts; one that cannot be reached says so below.
}
$app['events']->listen(\Illuminate\Queue\Events\JobQueued::class, function ($event) use (&$id) {
    $id = $event->id;
});
try {
    $notifiable = (new \Illuminate\Notifications\AnonymousNotifiable)->route('broadcast', [$input['channel']]);
    $app->make(\Illuminate\Contracts\Broadcasting\Factory::class)->queue(
        new \Illuminate\Notifications\Events\BroadcastNotificationCreated($notifiable, new \Illuminate\Notifications\Notification, [])
    );
} catch (Throwable $e) {
    $failed = $failure($e);
}
return [
    'name' => $name,
    'driver' => (string) ($options['driver'] ?? 'null'),
    'queue' => (string) ($options['queue'] ?? 'default'),
    'id' => $id === null ? null : (string) $id,
    'waiting' => $waiting,
    'failed' => $failed ?? null,
];
`
export const Queued = z.object({
  /** The queue connection, its driver and its queue. */
  name: z.string(),
  driver: z.string(),
  queue: z.string(),
  id: orNothing(z.string()),
  /** Jobs that were waiting before this one. */
  waiting: orNothing(z.int()),
  failed: orNothing(Failure),
})
export type Queued = z.infer<typeof Queued>

/** How many jobs are looked through for the canary: from the end, where it was put. */
const MOST_JOBS = 1000
/** How many failed jobs are looked through, from the newest. */
const MOST_FAILED = 200
/** As many as a line to paste may name. */
const MOST_RETRIED = 20

/**
 * What has become of the canary job, which is taken back if it waits and `$input['take']` says so; its
 * trace among the failed jobs is removed. `$input`: channel, id, take.
 */
export const JOB_SCRIPT = String.raw`
$config = $app['config'];
$name = (string) $config->get('queue.default');
$options = (array) $config->get("queue.connections.$name");
$channel = $input['channel'];
$isOurs = fn ($payload) => is_string($payload) && str_contains($payload, $channel);
$state = 'unknown';
$attempts = $size = $oldest = null;
$isTaken = false;

$queue = $app['queue']->connection();
if ($queue instanceof \Illuminate\Queue\DatabaseQueue) {
    $table = $queue->getDatabase()->table($options['table'] ?? 'jobs');
    // A job that is to be tried again is another row.
    $row = (clone $table)->where('id', $input['id'])->first()
        ?? (clone $table)->where('id', '>', $input['id'])->where('payload', 'like', "%$channel%")->first();
    $state = $row === null ? 'gone' : ($row->reserved_at === null ? 'waiting' : 'running');
    $attempts = $row?->attempts;
    $first = (clone $table)->where('queue', $queue->getQueue(null))->where('id', '!=', $input['id'])->whereNull('reserved_at')->min('available_at');
    $oldest = $first === null ? null : max(0, time() - (int) $first);
    if ($state === 'waiting' && $input['take']) {
        $isTaken = (clone $table)->where('id', $row->id)->whereNull('reserved_at')->delete() === 1;
    }
} elseif ($queue instanceof \Illuminate\Queue\RedisQueue) {
    $key = $queue->getQueue(null);
    $redis = $queue->getConnection();
    $waiting = array_values(array_filter((array) $redis->lrange($key, -${MOST_JOBS}, -1), $isOurs));
    $running = array_filter((array) $redis->zrange("$key:reserved", 0, ${MOST_JOBS}), $isOurs);
    $later = array_filter((array) $redis->zrange("$key:delayed", 0, ${MOST_JOBS}), $isOurs);
    $state = $waiting !== [] || $later !== [] ? 'waiting' : ($running !== [] ? 'running' : 'gone');
    $payload = $waiting[0] ?? array_values($later)[0] ?? array_values($running)[0] ?? null;
    $attempts = json_decode((string) $payload, true)['attempts'] ?? null;
    if ($waiting !== [] && $input['take']) $isTaken = (int) $redis->lrem($key, 1, $waiting[0]) === 1;
}
try {
    $size = $queue->size();
} catch (Throwable $e) {
    // Not every driver counts.
}

$exception = null;
$others = 0;
$ids = [];
$last = null;
$failer = $app['queue.failer'];
$driver = (string) $config->get('queue.failed.driver');
$failed = [];
if (str_starts_with($driver, 'database')) {
    $failed = $app['db']->connection($config->get('queue.failed.database'))
        ->table($config->get('queue.failed.table', 'failed_jobs'))
        ->orderByDesc('id')->limit(${MOST_FAILED})->get()->all();
} elseif ($driver === 'file') {
    $failed = array_slice($failer->all(), 0, ${MOST_FAILED});
}
$firstLine = fn ($text) => substr(strtok((string) $text, "\n") ?: '', 0, 300);
foreach ($failed as $job) {
    $job = (object) $job;
    if ($isOurs($job->payload ?? null)) {
        $exception = $firstLine($job->exception);
        $failer->forget($job->uuid ?? $job->id);
    } elseif (str_contains((string) ($job->payload ?? ''), 'BroadcastEvent')
        && strtotime((string) $job->failed_at) > time() - 86400) {
        $others++;
        $ids[] = (string) ($job->uuid ?? $job->id);
        $last ??= $firstLine($job->exception);
    }
}

return [
    'state' => $exception === null ? $state : 'failed',
    'attempts' => $attempts === null ? null : (int) $attempts,
    'waiting' => $size,
    'oldestSeconds' => $oldest,
    'isTaken' => $isTaken,
    'exception' => $exception,
    'failedBroadcasts' => $others,
    'failedIds' => array_slice($ids, 0, ${MOST_RETRIED}),
    'lastException' => $last,
];
`
export const Job = z.object({
  state: z.enum(['waiting', 'running', 'failed', 'gone', 'unknown']),
  attempts: orNothing(z.int()),
  waiting: orNothing(z.int()),
  /** How long the oldest job that could run has been waiting, where the driver tells. */
  oldestSeconds: orNothing(z.int()),
  /** Whether the canary was taken back. */
  isTaken: z.boolean(),
  exception: orNothing(z.string()),
  /** Broadcasts that failed within a day, among the newest failed jobs, and why the last one did. */
  failedBroadcasts: z.int(),
  failedIds: z.array(z.string()),
  lastException: orNothing(z.string()),
})
export type Job = z.infer<typeof Job>
