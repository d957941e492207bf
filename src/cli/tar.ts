/**
 * A tar archive, gzipped: a few small text files in one (POSIX.1-1988, ustar).
 */
import { gzipSync } from 'node:zlib'

export interface ArchiveFile {
  /** ASCII, at most 100 characters. */
  readonly name: string
  readonly text: string
}

const BLOCK = 512
/** Read by their owner alone, as the archive itself. */
const MODE = '0000600'

/** @param seconds when the files were made, Unix time */
export function tarGz(files: readonly ArchiveFile[], seconds: number): Buffer {
  const blocks = files.flatMap(({ name, text }) => {
    const content = Buffer.from(text)
    const rest = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)
    return [header(name, content.length, seconds), content, rest]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]))
}

function header(name: string, size: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'ascii')
  block.write(MODE, 100, 'ascii')
  block.write('0000000', 108, 'ascii') // owner and group: root's, as nobody's are kept
  block.write('0000000', 116, 'ascii')
  block.write(octal(size), 124, 'ascii')
  block.write(octal(seconds), 136, 'ascii')
  block.write('        ', 148, 'ascii') // what the checksum counts its own field as
  block.write('0', 156, 'ascii') // an ordinary file
  block.write('ustar\x0000', 257, 'ascii')
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii')
  return block
}

const octal = (value: number): string => Math.floor(value).toString(8).padStart(11, '0')
