/**
 * How much memory this process has, by a file that stays open: Node.js opens one each time that it is
 * asked, and throws when there is none left to open.
 */
import { openSync, readSync } from 'node:fs'

const FILE = openStatus()
/** `VmRSS` is in the first lines. */
const text = Buffer.alloc(2048)

/** Resident memory of this process, in bytes. */
export function residentBytes(): number {
  if (FILE === undefined) return process.memoryUsage.rss()
  const size = readSync(FILE, text, 0, text.length, 0)
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(text.toString('latin1', 0, size))?.[1]
  return kibibytes === undefined ? process.memoryUsage.rss() : 1024 * Number(kibibytes)
}

function openStatus(): number | undefined {
  try {
    return openSync('/proc/self/status', 'r')
  } catch {
    return undefined // no such file outside of Linux
  }
}
