/**
 * A command about the server that is looked at, to paste.
 */
import type { Scene } from './scene.ts'

/** `resound restart --config FILE`: with what tells that server from another. */
export function ownCommand({ started: { config, laravel } }: Scene, word: string): string {
  const named = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(laravel === undefined ? [] : ['--laravel', laravel]),
  ]
  return ['resound', word, ...named].join(' ')
}
