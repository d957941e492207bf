/**
 * A set-up that is well, for tests that break one thing in it: a Laravel app with built JavaScript, and a
 * server started from a configuration file. `diagnose` is asked as the command is.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'vite'
import { vi } from 'vitest'
import { DiagnoseDocument } from '../../src/cli/documents/diagnose.ts'
import { main } from '../../src/cli/main.ts'
import { resultOf, Setup } from './breakable.ts'
import { freePort } from './free-port.ts'
import { type Laravel, serveLaravel } from './laravel.ts'
import { SNIPPETS } from './snippets.ts'

const run = promisify(execFile)

export const GALLERY_APP = {
  id: 'my-app',
  key: 'my-key',
  secret: '0f3c9d1e5b7a4682c0de9f1a2b3c4d5e',
} as const

type Results = DiagnoseDocument['results']
type Result = Results[number]

export interface Diagnosis {
  readonly code: number
  readonly results: Results
  /** The result of a check. @throws Error when it was not run */
  of(id: string): Result
}

/** Lines of an `.env` by variable; undefined leaves one out. */
type Lines = Readonly<Record<string, string | undefined>>

export class Gallery implements AsyncDisposable {
  readonly laravel: Laravel
  readonly port: number
  readonly #setup: Setup
  readonly #options: object
  /** What stood in files that were changed. */
  readonly #edited = new Map<string, string>()

  private constructor(laravel: Laravel, port: number, setup: Setup, options: object) {
    this.laravel = laravel
    this.port = port
    this.#setup = setup
    this.#options = options
  }

  /** @param further options of the server's app, which may need the address of Laravel */
  static async start(further: (laravel: Laravel) => object = () => ({})): Promise<Gallery> {
    const laravel = await serveLaravel()
    const port = await freePort()
    const options = {
      host: '127.0.0.1',
      port,
      apps: [{ ...GALLERY_APP, allowedOrigins: [laravel.url], ...further(laravel) }],
    }
    const setup = await Setup.start(options, { environment: { RESOUND_PORT: String(port) } })
    const gallery = new Gallery(laravel, port, setup, options)
    await gallery.env()
    await laravel.artisan('migrate', '--force')
    return gallery
  }

  /** Writes the app's `.env` of a set-up that is well, with other lines in it. */
  async env(other: Lines = {}): Promise<void> {
    const lines: Lines = {
      BROADCAST_CONNECTION: 'reverb',
      REVERB_APP_ID: GALLERY_APP.id,
      REVERB_APP_KEY: GALLERY_APP.key,
      REVERB_APP_SECRET: GALLERY_APP.secret,
      REVERB_HOST: '127.0.0.1',
      REVERB_PORT: String(this.port),
      REVERB_SCHEME: 'http',
      ...Object.fromEntries(
        ['APP_KEY', 'HOST', 'PORT', 'SCHEME'].map((part) => [
          `VITE_REVERB_${part}`,
          `"\${REVERB_${part}}"`,
        ]),
      ),
      ...other,
    }
    const given = Object.entries(lines).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${value}`,
    )
    await this.laravel.configure(given.join('\n'))
  }

  /** Another configuration for `diagnose` than the server was started with. */
  configure(other: object): void {
    this.#setup.directory.write('resound.json', { ...this.#options, ...other })
  }

  /** Changes options of the server's app, and has the server read them. */
  async reconfigure(app: object): Promise<void> {
    const { apps } = this.#options as { readonly apps: readonly object[] }
    await this.#setup.reload({ apps: apps.map((one) => ({ ...one, ...app })) })
  }

  /** Lets `npm run build` build the app's JavaScript by Vite, with the README's Echo. */
  async addScripts(): Promise<void> {
    const file = (name: string): string => path.join(this.laravel.directory, name)
    await mkdir(file('resources/js'), { recursive: true })
    await cp(path.join(SNIPPETS, 'echo-reverb.js'), file('resources/js/echo.js'))
    await writeFile(file('package.json'), PACKAGE)
    await writeFile(file('vite.config.js'), VITE)
    await symlink(path.join(import.meta.dirname, '../../node_modules'), file('node_modules'))
    await this.build()
  }

  /** As `npm run build` does, in this process. */
  async build(): Promise<void> {
    const { directory } = this.laravel
    await build({ root: directory, configFile: path.join(directory, 'vite.config.js') })
  }

  /** Runs the command in this process. @param args beside those that name server and app */
  async diagnose(...args: readonly string[]): Promise<Diagnosis> {
    const { directory } = this.laravel
    return this.diagnoseAlone('--laravel', directory, ...args)
  }

  /** As `diagnose`, without a word about the Laravel app. */
  async diagnoseAlone(...args: readonly string[]): Promise<Diagnosis> {
    const printed: string[] = []
    const listeners = process.stdout.listeners('error')
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.push(String(text))
      return true
    })
    try {
      const code = await main([
        'diagnose',
        '--json',
        ...['--config', this.#setup.file],
        ...['--admin-url', this.#setup.server.admin],
        ...args,
      ])
      const { results } = DiagnoseDocument.parse(JSON.parse(printed.join('')))
      return { code, results, of: (id) => resultOf(id, results) }
    } finally {
      write.mockRestore()
      // The command's own, of a process that it takes for its own.
      for (const listener of process.stdout.listeners('error')) {
        if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void)
      }
    }
  }

  /** Does what a result says to do, by pasting. @throws Error where nothing is to be pasted */
  async paste({ id, fix }: Result): Promise<void> {
    const { paste, into = '' } = fix ?? {}
    if (paste === undefined) throw new Error(`${id} has nothing to paste`)
    if (into === 'shell') return void (await this.shell(paste))
    if (!into.endsWith('.env')) throw new Error(`${id} pastes into ${into}`)
    const names = paste.split('\n').map((line) => line.split('=', 1)[0])
    const text = await readFile(into, 'utf8')
    const kept = text.split('\n').filter((line) => !names.includes(line.split('=', 1)[0]))
    await writeFile(into, [...kept, paste, ''].join('\n'))
  }

  /** Changes a file of the app, until `restore`. */
  async edit(name: string, change: (text: string) => string): Promise<void> {
    const file = path.join(this.laravel.directory, name)
    const before = await readFile(file, 'utf8')
    if (!this.#edited.has(file)) this.#edited.set(file, before)
    await writeFile(file, change(before))
  }

  /** All as it was at the start: the app's files, its `.env`, and the configuration. */
  async restore(): Promise<void> {
    for (const [file, text] of this.#edited) await writeFile(file, text)
    this.#edited.clear()
    await this.env()
    this.configure({})
  }

  /** @returns what the command prints */
  async shell(command: string): Promise<string> {
    const { PATH, HOME } = process.env
    const { stdout } = await run('sh', ['-c', command], { env: { PATH, HOME }, timeout: 60_000 })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.laravel[Symbol.asyncDispose]()
    await this.#setup[Symbol.asyncDispose]()
  }
}

const PACKAGE = JSON.stringify({ type: 'module', scripts: { build: 'vite build' } })
const VITE = `export default {
  publicDir: false,
  logLevel: 'silent',
  build: {
    manifest: 'manifest.json',
    outDir: 'public/build',
    rollupOptions: { input: 'resources/js/echo.js' },
  },
}
`
