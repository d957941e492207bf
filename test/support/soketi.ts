/** soketi as npm has it, for those who compare with it or move from it. */
import { join } from 'node:path'
import { startNodeProgram } from './node-program.ts'
import { installPackages } from './npm-package.ts'

/** Installs soketi, once, on the uWebSockets.js that Resound runs on. @returns its program */
export async function installSoketi(): Promise<string> {
  const modules = await installPackages('soketi', {
    dependencies: { '@soketi/soketi': '1.6.1' },
    overrides: { 'uWebSockets.js': 'npm:@uwsjs/core@20.51.4' },
  })
  return join(modules, '@soketi/soketi/bin/server.js')
}

/** Starts soketi. @param more its variables, and its configuration file, in JSON */
export async function startSoketi(more: {
  readonly environment?: Readonly<Record<string, string>>
  readonly configuration?: string
}): Promise<AsyncDisposable> {
  const { environment = {}, configuration } = more
  const file = configuration === undefined ? [] : ['--config=soketi.json']
  return startNodeProgram([await installSoketi(), 'start', ...file], 'Server is up and running', {
    environment,
    files: configuration === undefined ? {} : { 'soketi.json': configuration },
  })
}
