/**
 * What a server was told at its start that tells it from another one, and what a command is told of the
 * server that it means. Where both lead to one socket, they may still not mean the same.
 */
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { CONFIG_VARIABLE, type Environment } from '../config/environment.ts'
import type { Flags } from '../config/sources.ts'

/** Fields are added, never renamed; null for what was not named. */
export const StartedWith = z.object({
  config: z.string().nullable(),
  laravel: z.string().nullable(),
  /** As the environment names it. */
  port: z.string().nullable(),
})
export type StartedWith = z.infer<typeof StartedWith>

export function startedWith(
  flags: Flags,
  environment: Environment,
  directory: string,
): StartedWith {
  const config = flags.config ?? (environment[CONFIG_VARIABLE] || undefined)
  const { laravel } = flags
  return {
    config: config === undefined ? null : path.resolve(directory, config),
    laravel: laravel === undefined ? null : path.resolve(directory, laravel),
    port: environment['RESOUND_PORT'] || null,
  }
}

/**
 * Why a server is not the one that a command means, in the end of a sentence about the server.
 * @returns undefined where nothing speaks against it; what a command does not name does not
 */
export function contradiction(meant: StartedWith, found: StartedWith): string | undefined {
  for (const [what, flag] of [
    ['config', '--config'],
    ['laravel', '--laravel'],
  ] as const) {
    const [here, there] = [meant[what], found[what]]
    if (here === null || (there !== null && real(here) === real(there))) continue
    return `was started ${there === null ? `without ${flag}` : `with ${flag} ${there}`}, not with ${here}`
  }
  if (meant.port === null || found.port === null || meant.port === found.port) return undefined
  return `was started with RESOUND_PORT=${found.port}, not ${meant.port}`
}

/** Where a path leads; itself where nothing is there, which is told by who reads it. */
export function real(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
