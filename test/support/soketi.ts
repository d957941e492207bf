/** soketi as npm has it, for those who compare with it or move from it. */
import { join } from 'node:path'
import { freePort } from './free-port.ts'
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

/** A soketi that runs. Disposing of it ends it. */
export interface Soketi extends AsyncDisposable {
  readonly port: number
  readonly metricsPort: number
}

/**
 * Starts soketi on free ports of the loopback, with its metrics.
 *
 * @param environment its variables
 * @param configuration its file in JSON, if it has one
 */
export async function startSoketi(
  environment: Readonly<Record<string, string>>,
  configuration?: string,
): Promise<Soketi> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const file = configuration === undefined ? [] : ['--config=soketi.json']
  const program = await startNodeProgram(
    [await installSoketi(), 'start', ...file],
    'Server is up and running',
    {
      environment: {
        SOKETI_HOST: '127.0.0.1',
        SOKETI_PORT: String(port),
        SOKETI_METRICS_ENABLED: 'true',
        SOKETI_METRICS_HOST: '127.0.0.1',
        SOKETI_METRICS_SERVER_PORT: String(metricsPort),
        ...environment,
      },
      files: configuration === undefined ? {} : { 'soketi.json': configuration },
    },
  )
  return { port, metricsPort, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
