/** The compiled program once more, as another release that can be updated in its place. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PROGRAM } from './command.ts'
import { Directory } from './directory.ts'

const ROOT = path.join(import.meta.dirname, '../..')

export class Installation implements Disposable {
  readonly #directory = new Directory()

  constructor(version: string) {
    cpSync(path.dirname(path.dirname(PROGRAM)), this.#directory.file('dist'), { recursive: true })
    symlinkSync(path.join(ROOT, 'node_modules'), this.#directory.file('node_modules'))
    this.#write(version)
  }

  get program(): string {
    return this.#directory.file('dist/bin/resound.js')
  }

  /** Becomes the release that is tested. */
  update(): void {
    this.#write(String(manifest()['version']))
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]()
  }

  #write(version: string): void {
    writeFileSync(this.#directory.file('package.json'), JSON.stringify({ ...manifest(), version }))
  }
}

const manifest = (): Record<string, unknown> =>
  JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
