/**
 * A command about the server that is looked at, to paste.
 */
import type { Fix } from './check.ts'
import type { Scene } from './scene.ts'

/** `resound restart --config FILE`: with what tells that server from another. */
export function ownCommand({ started: { config, laravel } }: Scene, word: string): string {
  const named = [
    ...(config === undefined ? [] : ['--config', config]),
    ...(laravel === undefined ? [] : ['--laravel', laravel]),
  ]
  return ['resound', word, ...named].join(' ')
}

/** For a server that runs with another configuration than the one that was read. */
export const reloadFix = (scene: Scene): Fix => ({
  text: 'Have the running server read its configuration again.',
  paste: ownCommand(scene, 'reload'),
  into: 'shell',
})
