/** A directory of a test's own, with files in it, gone when the test is. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export class Directory implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'resound-'))

  /** @param files contents by path; what is not text is written as JSON */
  constructor(files: Readonly<Record<string, unknown>> = {}) {
    for (const [name, content] of Object.entries(files)) this.write(name, content)
  }

  write(name: string, content: unknown): void {
    const file = this.file(name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8')
  }

  file(name: string): string {
    return path.join(this.path, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
