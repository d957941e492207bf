/**
 * `POST /diagnosis`: runs `resound diagnose --json` as a process of its own, with the flags that say which
 * server is meant, and answers with its document.
 *
 * One at a time, bounded in time and output, and ended when nobody waits for it any more. It takes longer
 * than a connection may be silent: the answer is a stream that says so until the document is there.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock } from '../clock.ts'
import type { Flags } from '../config/sources.ts'
import { type HttpResponse, refusal, type Sink } from '../http-api/exchange.ts'
import { EVENT_STREAM, messageOf } from './event-stream.ts'
import type { Routes } from './route.ts'

const MOST_MILLISECONDS = 180_000
/** Well within the 10 s after which a silent connection ends. */
const STILL_RUNNING_MILLISECONDS = 2000
const MOST_OUTPUT_BYTES = 4 * 1024 * 1024
const MOST_COMPLAINT_CHARACTERS = 1000

export interface DiagnosisParts {
  readonly flags: Flags
  /** The file of this program. */
  readonly program: string | undefined
  readonly clock: Clock
}

export class Diagnosis {
  readonly routes: Routes = [
    ['/diagnosis', { method: 'POST', access: 'operator', answer: () => this.#postDiagnosis() }],
  ]
  readonly #parts: DiagnosisParts
  #isRunning = false

  constructor(parts: DiagnosisParts) {
    this.#parts = parts
  }

  #postDiagnosis(): HttpResponse {
    const { program } = this.#parts
    if (program === undefined) return refusal(503, 'This program has no file to be started from.')
    if (this.#isRunning) return refusal(409, 'A diagnosis is under way. Wait for it.')
    return { ...EVENT_STREAM, stream: (sink) => this.#run(program, sink) }
  }

  #run(program: string, sink: Sink): () => void {
    const { clock, flags } = this.#parts
    this.#isRunning = true
    const child = spawn(process.execPath, [program, 'diagnose', '--json', ...sourceFlags(flags)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed = { stdout: '', stderr: '' }
    collect(child, printed)
    let isLate = false
    const stops = [
      clock.every(STILL_RUNNING_MILLISECONDS, () => sink.write(':\n\n')),
      clock.after(MOST_MILLISECONDS, () => {
        isLate = true
        child.kill('SIGKILL')
      }),
    ]
    const finish = (fault?: Error): void => {
      if (!this.#isRunning) return
      this.#isRunning = false
      for (const stop of stops) stop()
      const document = isLate
        ? { error: `The diagnosis took longer than ${MOST_MILLISECONDS / 1000} s.` }
        : documentIn(printed, fault)
      sink.write(messageOf(document))
      sink.end()
    }
    child.once('error', finish)
    child.once('close', () => finish())
    return () => void child.kill('SIGKILL')
  }
}

/** What says which server is meant; the other flags have no part in that. */
function sourceFlags({ config, laravel }: Flags): readonly string[] {
  return [
    ...(config === undefined ? [] : ['--config', config]),
    ...(laravel === undefined ? [] : ['--laravel', laravel]),
  ]
}

function collect(child: ChildProcess, printed: { stdout: string; stderr: string }): void {
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text
    if (printed.stdout.length > MOST_OUTPUT_BYTES) child.kill('SIGKILL')
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr = (printed.stderr + text).slice(0, MOST_COMPLAINT_CHARACTERS)
  })
}

function documentIn({ stdout, stderr }: { stdout: string; stderr: string }, fault?: Error): object {
  try {
    return JSON.parse(stdout)
  } catch {
    const why = fault?.message ?? stderr.trim()
    return { error: `The diagnosis has not come to an end. ${why}`.trim() }
  }
}
