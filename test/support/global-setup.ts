/** Runs once before all tests: brings what they run against, and builds what they start. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { installLaravelEchoServer } from './laravel-echo-server.ts'
import { installLaravel } from './laravel-files.ts'
import { installSoketi } from './soketi.ts'
import { bringSystemParts } from './system.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export async function setup(): Promise<void> {
  await Promise.all([
    build(),
    bringSystemParts().then(installLaravel),
    installSoketi(),
    installLaravelEchoServer(),
  ])
}

/** @throws Error with what the compiler says. */
async function build(): Promise<void> {
  try {
    await promisify(execFile)('npm', ['run', 'build'], { cwd: ROOT })
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? error.stdout : ''
    throw new Error(`The project does not build.\n${said}`, { cause: error })
  }
}
