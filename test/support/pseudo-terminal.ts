/** A command run on a terminal of its own, as its users have it, by `script` of util-linux. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { PROGRAM, type Surroundings } from './command.ts'
import { PATIENCE_MILLISECONDS } from './patience.ts'

export interface OnTerminal {
  readonly code: number | null
  /** Standard output and standard error, as the terminal shows them, with `\n` for each line's end. */
  readonly shown: string
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** Runs a program to its end on a terminal of so many columns. */
export async function onTerminal(
  words: readonly string[],
  columns: number,
  { directory, environment }: Pick<Surroundings, 'directory' | 'environment'> = {},
): Promise<OnTerminal> {
  const command = `stty cols ${columns} rows 50; exec ${words.map(quoted).join(' ')}`
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: directory,
    env: { PATH: process.env['PATH'], TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MILLISECONDS,
  })
  const ended = once(child, 'close')
  const shown = (await text(child.stdout)).replaceAll('\r\n', '\n')
  await ended
  return { code: child.exitCode, shown }
}

/** Runs a `resound` command so. */
export const resoundOnTerminal = (
  args: readonly string[],
  columns: number,
  surroundings?: Pick<Surroundings, 'directory' | 'environment'>,
): Promise<OnTerminal> => onTerminal([process.execPath, PROGRAM, ...args], columns, surroundings)
