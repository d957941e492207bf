/**
 * Runs a PHP script of ours inside a Laravel app, and takes what it tells: bounded in time and output.
 *
 * The script comes through standard input, so nothing is written and the app has no file of ours. It
 * prints one JSON document between two marks; whatever else comes out is the app's own, and kept apart. For
 * root, it runs as the owner of the app.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { ownerOf } from './owner.ts'

const MILLISECONDS = 10_000
const OUTPUT_BYTES = 1024 * 1024
const SHOWN_CHARACTERS = 300

/** Why PHP told nothing. */
export interface PhpFault {
  readonly reason: 'no-php' | 'no-vendor' | 'timeout' | 'exception' | 'no-answer'
  /** A line: the exception's message, or what was printed in place of an answer. */
  readonly message: string
  /** The exception's class, and `file:line` in the app. */
  readonly exception?: string
  readonly place?: string
}

/** What a script told; `printed` is what the app itself printed meanwhile, cut. */
export type PhpAnswer =
  | { readonly answer: unknown; readonly printed: string }
  | { readonly fault: PhpFault }

const Told = z.union([
  z.object({ answer: z.unknown(), printed: z.string() }),
  z.object({
    fault: z.object({
      reason: z.enum(['no-vendor', 'exception']),
      message: z.string(),
      exception: z.string().optional(),
      place: z.string().optional(),
    }),
  }),
])

export interface PhpQuestion {
  /** The app's directory. */
  readonly directory: string
  /** PHP that returns what is to be told: it has `$app`, bootstrapped, and `$input`. */
  readonly script: string
  /** What the script finds in `$input`; it goes through standard input as well, so it may be secret. */
  readonly input?: unknown
  /** The app without what `config:cache` and `route:cache` keep. */
  readonly uncached?: boolean
  readonly signal?: AbortSignal
}

/** Asks the app in `directory`. Never throws for what goes wrong there. */
export async function askPhp(question: PhpQuestion): Promise<PhpAnswer> {
  const mark = randomBytes(12).toString('hex')
  const { input = null, uncached = false } = question
  const given = Buffer.from(JSON.stringify({ mark, uncached, input })).toString('base64')
  const ended = await run(question, given)
  if ('fault' in ended) return ended
  const [, document] = ended.output.split(mark)
  if (document === undefined) {
    return { fault: { reason: 'no-answer', message: shown(`${ended.output}${ended.errors}`) } }
  }
  const told = Told.parse(JSON.parse(document))
  if ('fault' in told) {
    const { reason, message, exception, place } = told.fault
    return {
      fault: {
        reason,
        message: shown(message),
        ...(exception === undefined ? {} : { exception }),
        ...(place === undefined ? {} : { place }),
      },
    }
  }
  return { answer: told.answer, printed: told.printed.slice(0, SHOWN_CHARACTERS) }
}

type Ended = { readonly output: string; readonly errors: string } | { readonly fault: PhpFault }

function run({ directory, script, signal }: PhpQuestion, given: string): Promise<Ended> {
  const timeout = AbortSignal.timeout(MILLISECONDS)
  const owner = ownerOf(directory)
  const child = spawn('php', SETTINGS, {
    cwd: directory,
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    killSignal: 'SIGKILL',
  })
  const output = collect(child.stdout)
  const errors = collect(child.stderr)
  child.stdin.on('error', () => {}) // it ended before it read all, which `close` tells
  child.stdin.end(`${PRELUDE.replace('GIVEN', given)}${script}${CODA}`)
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isLate = error.name === 'AbortError'
      resolve({
        fault: isLate
          ? { reason: 'timeout', message: `PHP did not answer within ${MILLISECONDS / 1000} s` }
          : { reason: 'no-php', message: `php cannot be run (${error.code ?? error.message})` },
      })
    })
    child.once('close', () => resolve({ output: output(), errors: errors() }))
  })
}

/** What a stream gives, up to a bound; what comes after it is read and dropped. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES) chunks.push(chunk)
    bytes += chunk.length
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)} ...` : line
}

/** Warnings go to standard error, where they spoil no answer. */
const SETTINGS = ['-d', 'display_errors=stderr', '-d', 'log_errors=0', '-d', 'memory_limit=256M']

/**
 * Bootstraps the app as artisan does, without a trace: the caches that Laravel would write for itself are
 * copied aside and removed at the end, and nothing is logged.
 */
const PRELUDE = String.raw`<?php
use Illuminate\Foundation\Bootstrap\LoadConfiguration;

['mark' => $mark, 'uncached' => $uncached, 'input' => $input] = json_decode(base64_decode('GIVEN'), true);

(function () use ($mark, $uncached, $input) {
    $told = false;
    $tell = function (array $document) use ($mark, &$told) {
        if ($told) return;
        $told = true;
        while (ob_get_level() > 0) ob_end_clean();
        echo $mark, json_encode($document, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR), $mark;
    };
    $within = fn (string $file) => str_starts_with($file, getcwd().'/') ? substr($file, strlen(getcwd()) + 1) : $file;
    $failed = fn (Throwable $e) => $tell(['fault' => [
        'reason' => 'exception',
        'message' => $e->getMessage(),
        'exception' => get_class($e),
        'place' => $within($e->getFile()).':'.$e->getLine(),
    ]]);

    $aside = sys_get_temp_dir().'/resound-diagnose-'.$mark;
    mkdir($aside, 0700);
    register_shutdown_function(function () use ($aside, $tell, $within) {
        foreach (glob($aside.'/*') as $file) unlink($file);
        rmdir($aside);
        $error = error_get_last();
        $tell(['fault' => [
            'reason' => 'exception',
            'message' => $error['message'] ?? 'the app ended PHP while it was starting',
            'place' => $error === null ? '' : $within($error['file']).':'.$error['line'],
        ]]);
    });
    $instead = function (string $name, string $value) {
        putenv("$name=$value");
        $_ENV[$name] = $_SERVER[$name] = $value;
    };
    foreach (['SERVICES' => 'services.php', 'PACKAGES' => 'packages.php'] as $name => $file) {
        if (is_file("bootstrap/cache/$file")) copy("bootstrap/cache/$file", "$aside/$file");
        $instead("APP_{$name}_CACHE", "$aside/$file");
    }
    if ($uncached) {
        $instead('APP_CONFIG_CACHE', "$aside/config.php");
        $instead('APP_ROUTES_CACHE', "$aside/routes.php");
    }

    ob_start();
    try {
        if (! is_file('vendor/autoload.php')) {
            return $tell(['fault' => ['reason' => 'no-vendor', 'message' => 'vendor/autoload.php is not there: composer install']]);
        }
        require getcwd().'/vendor/autoload.php';
        $app = require getcwd().'/bootstrap/app.php';
        $app->afterBootstrapping(LoadConfiguration::class, fn ($app) => $app['config']->set([
            'logging.channels.resound' => ['driver' => 'monolog', 'handler' => \Monolog\Handler\NullHandler::class],
            'logging.default' => 'resound',
        ]));
        $app->make(\Illuminate\Contracts\Console\Kernel::class)->bootstrap();
        $answer = (function () use ($app, $input, $within) {
`
const CODA = `
        })();
        $tell(['answer' => $answer, 'printed' => substr(ob_get_contents(), 0, 1000)]);
    } catch (Throwable $e) {
        $failed($e);
    }
})();
`
