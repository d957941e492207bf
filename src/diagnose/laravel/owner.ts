/**
 * To whom a Laravel app belongs. What root runs there leaves files in `storage` that the app itself may not
 * write any more, so root runs it as that user.
 */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Owner {
  readonly uid: number
  readonly gid: number
  /** As /etc/passwd has it; undefined where it does not. */
  readonly name: string | undefined
}

/** Whom the app's PHP is to run as; undefined where that is whoever runs this. */
export function ownerOf(directory: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const artisan = statSync(join(directory, 'artisan'), { throwIfNoEntry: false })
  if (artisan === undefined || artisan.uid === 0) return undefined
  const { uid, gid } = artisan
  return { uid, gid, name: nameOf(uid) }
}

function nameOf(uid: number): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    return lines.find((line) => line.split(':')[2] === String(uid))?.split(':')[0]
  } catch {
    return undefined // users are known by other means here
  }
}

/** How a command is to be run in the app's directory: for root, as the app's owner. */
export function inApp(directory: string, command: string): string {
  const place = /^[\w./-]+$/.test(directory) ? directory : quoted(directory)
  const inside = `cd ${place} && ${command}`
  const name = ownerOf(directory)?.name
  return name === undefined ? inside : `su -s /bin/sh -c ${quoted(inside)} ${name}`
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
