/** laravel-echo-server and the client it needs, as npm has them, for those who move from it. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startNodeProgram } from './node-program.ts'
import { installPackages } from './npm-package.ts'

/** Installs both, once. @returns their `node_modules` */
export const installLaravelEchoServer = (): Promise<string> =>
  installPackages('laravel-echo-server', {
    dependencies: { 'laravel-echo-server': '1.6.3', 'socket.io-client': '2.5.0' },
  })

/** The Socket.IO client that Echo is given: of version 2, as the server is. */
export async function socketIoClient(): Promise<unknown> {
  return createRequire(join(await installLaravelEchoServer(), 'package.json'))('socket.io-client')
}

/** Starts it with this laravel-echo-server.json. */
export async function startLaravelEchoServer(configuration: string): Promise<AsyncDisposable> {
  const program = join(await installLaravelEchoServer(), 'laravel-echo-server/bin/server.js')
  const files = { 'laravel-echo-server.json': configuration }
  return startNodeProgram([program, 'start'], 'Server ready!', { files })
}
