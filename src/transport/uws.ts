/**
 * Loads uWebSockets.js, whose native part is built for some Node.js versions and C libraries only.
 *
 * Two releases are installed: the newer one needs Node.js 22 and glibc 2.38, the older one runs on
 * Node.js 20 and 22 with an older glibc. The newer is tried first where it can exist.
 */

import type * as UWebSockets from 'uWebSockets.js'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ResoundError } from '../errors.ts'

const require = createRequire(import.meta.url)

/** The first Node.js that the newer release is built for. */
const NEWER_FROM_NODE = 22

/**
 * Largest head of a request, in bytes. uWebSockets.js reads it from the environment when it is loaded;
 * its own 4096 are less than the cookies and tokens of an ordinary Laravel page.
 */
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(16 * 1024)

let loaded: typeof UWebSockets | undefined
let loadedAs: string | undefined

/** Which release has been loaded. */
export function uWebSocketsRelease(): string {
  if (loadedAs === undefined) return 'none'
  const file = join(dirname(require.resolve(loadedAs)), 'package.json')
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}

/** @throws ResoundError RESOUND_NATIVE_MISSING when neither release fits */
export function loadUWebSockets(): typeof UWebSockets {
  loaded ??= load()
  return loaded
}

function load(): typeof UWebSockets {
  const nodeMajor = Number(process.versions.node.split('.')[0])
  const causes: unknown[] = []
  for (const name of nodeMajor >= NEWER_FROM_NODE
    ? ['uWebSockets.js-next', 'uWebSockets.js']
    : ['uWebSockets.js']) {
    try {
      const library = require(name) as typeof UWebSockets // the same library; its CommonJS form says why it failed
      loadedAs = name
      return library
    } catch (cause) {
      causes.push(cause)
    }
  }
  throw new ResoundError(
    'RESOUND_NATIVE_MISSING',
    `uWebSockets.js cannot be loaded on Node.js ${process.versions.node}, ${process.platform} ${process.arch}.`,
    { cause: new AggregateError(causes) },
  )
}
