/** soketi as npm has it, for those who compare with it or move from it. */
import { join } from 'node:path'
import { installPackages } from './npm-package.ts'

/** Installs soketi, once, on the uWebSockets.js that Resound runs on. @returns its program */
export async function installSoketi(): Promise<string> {
  const modules = await installPackages('soketi', {
    dependencies: { '@soketi/soketi': '1.6.1' },
    overrides: { 'uWebSockets.js': 'npm:@uwsjs/core@20.51.4' },
  })
  return join(modules, '@soketi/soketi/bin/server.js')
}
