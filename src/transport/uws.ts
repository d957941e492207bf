/**
 * Loads uWebSockets.js, whose native part exists for some Node.js versions only.
 */

import type * as UWebSockets from 'uWebSockets.js'
import { createRequire } from 'node:module'
import { ResoundError } from '../errors.ts'

const require = createRequire(import.meta.url)

/** @throws ResoundError RESOUND_NATIVE_MISSING when no build fits this Node.js and C library */
export function loadUWebSockets(): typeof UWebSockets {
  try {
    return require('uWebSockets.js') as typeof UWebSockets // CommonJS: its ES wrapper hides why loading failed
  } catch (cause) {
    throw new ResoundError(
      'RESOUND_NATIVE_MISSING',
      `uWebSockets.js cannot be loaded on Node.js ${process.versions.node}, ${process.platform} ${process.arch}.`,
      { cause },
    )
  }
}
