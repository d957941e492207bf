/** PHP as it is where an extension is not installed. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { vi } from 'vitest'
import { Directory } from './directory.ts'

/** Until it is disposed of, PHP that this process starts reads all its settings but those of one extension. */
export function phpWithout(extension: string): Disposable {
  const directory = new Directory()
  const said = execFileSync('php', ['--ini'], { encoding: 'utf8' })
  const files = (/Additional \.ini files parsed:([\s\S]*)/.exec(said)?.[1] ?? '')
    .split(',')
    .map((file) => file.trim())
  const kept = files.filter(
    (file) => !new RegExp(`^\\d+-${extension}\\.ini$`).test(path.basename(file)),
  )
  if (kept.length === files.length) throw new Error(`PHP has no file for ${extension}:\n${said}`)
  for (const file of kept) symlinkSync(file, directory.file(path.basename(file)))
  vi.stubEnv('PHP_INI_SCAN_DIR', directory.path)
  return {
    [Symbol.dispose]: () => {
      vi.unstubAllEnvs()
      directory[Symbol.dispose]()
    },
  }
}
