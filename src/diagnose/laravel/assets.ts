/**
 * What the JavaScript that is built for browsers really contains: the app key, host, port and scheme that
 * Echo was given. Bundlers put them there as plain text, and minifiers leave the names of options alone.
 */
import { existsSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { z } from 'zod'
import { readText } from '../../config/read-text.ts'

const MOST_FILES = 200
const FILE_BYTES = 5 * 1024 * 1024
const ALL_BYTES = 50 * 1024 * 1024

/** The options of one Echo or Pusher in the pages; undefined where nothing is said, or it is computed. */
export interface EchoOptions {
  /** Below the app's directory. */
  readonly file: string
  readonly broadcaster: string | undefined
  /** An empty text where the build had no value for it. */
  readonly key: string | undefined
  readonly host: string | undefined
  readonly port: string | undefined
  readonly securePort: string | undefined
  readonly forceTls: boolean | undefined
  readonly cluster: string | undefined
  readonly authEndpoint: string | undefined
}

export interface BuiltAssets {
  /** The manifest that names the files. */
  readonly manifest: string
  /** When the build was made, in milliseconds since 1970. */
  readonly builtAt: number
  readonly files: readonly string[]
  readonly echoes: readonly EchoOptions[]
  /** `VITE_` variables that stand in it whole. */
  readonly variables: Readonly<Record<string, string>>
  /** `public/hot`: pages load from Vite's development server instead. */
  readonly isHot: boolean
}

/** Reads what `npm run build` left in the app; undefined where it left nothing. */
export function readAssets(directory: string): BuiltAssets | undefined {
  const isHot = existsSync(join(directory, 'public/hot'))
  for (const [manifest, folder] of MANIFESTS) {
    const read = readText(join(directory, manifest))
    if ('reason' in read) continue
    const builtAt = statSync(join(directory, manifest)).mtimeMs
    const files = scriptsIn(read.text).map((file) => normalize(`${folder}/${file}`))
    const texts = readScripts(directory, files)
    return {
      manifest,
      builtAt,
      files: [...texts.keys()],
      echoes: [...texts].flatMap(([file, code]) => echoesIn(file, code)),
      variables: Object.fromEntries([...texts.values()].flatMap(variablesIn)),
      isHot,
    }
  }
  return isHot
    ? { manifest: 'public/hot', builtAt: 0, files: [], echoes: [], variables: {}, isHot }
    : undefined
}

const MANIFESTS = [
  ['public/build/manifest.json', 'public/build'],
  ['public/build/.vite/manifest.json', 'public/build'],
  ['public/mix-manifest.json', 'public'],
] as const

/** Vite's entries are objects with a `file`, Mix's are the file's name with a version. */
const Manifest = z.record(z.string(), z.union([z.string(), z.object({ file: z.string() })]))

function scriptsIn(manifest: string): readonly string[] {
  const parsed = Manifest.safeParse(jsonOf(manifest))
  if (!parsed.success) return []
  const files = Object.values(parsed.data).map((entry) =>
    typeof entry === 'string' ? entry.replace(/\?.*$/, '') : entry.file,
  )
  const scripts = files.filter((file) => /\.m?js$/.test(file) && !file.includes('..'))
  return [...new Set(scripts)].slice(0, MOST_FILES)
}

function readScripts(directory: string, files: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  let bytes = 0
  for (const file of files) {
    const path = join(directory, file)
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (size === 0 || size > FILE_BYTES || bytes + size > ALL_BYTES) continue
    const read = readText(path)
    if ('reason' in read) continue
    bytes += size
    texts.set(file, read.text)
  }
  return texts
}

const STRING = String.raw`(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|${'`[^`$\\n]*`'})`
/** An option's value, as far as it is plain. */
const value = (name: string) =>
  new RegExp(String.raw`(?<![\w$])["']?${name}["']?:\s*(${STRING}|[\d.]+|!0|!1|true|false|void 0)`)

/** Minified objects are searched this far from the name that gives them away. */
const REACH = 1500

/** Every object that looks like Echo's options, or is given to Pusher's own client. */
export function echoesIn(file: string, code: string): readonly EchoOptions[] {
  const found: EchoOptions[] = []
  for (const { index } of code.matchAll(/(?<![\w$])["']?broadcaster["']?:\s*["'`]/g)) {
    const options = objectAround(code, index)
    if (options === undefined) continue
    found.push({ file, ...optionsIn(options) })
  }
  const direct = new RegExp(String.raw`new [\w$.]+\((?<key>${STRING}),\s*\{`, 'g')
  for (const { index, 0: text, groups } of code.matchAll(direct)) {
    const options = objectAround(code, index + text.length)
    if (options === undefined || !/wsHost|cluster/.test(options)) continue
    found.push({ file, ...optionsIn(options), key: plain(groups?.['key']) })
  }
  return found.filter(({ key, host }) => key !== undefined || host !== undefined)
}

function optionsIn(object: string): Omit<EchoOptions, 'file'> {
  const read = (name: string): string | undefined => plain(value(name).exec(object)?.[1])
  const tls = read('forceTLS')
  return {
    broadcaster: read('broadcaster'),
    key: read('key'),
    host: read('wsHost'),
    port: read('wsPort'),
    securePort: read('wssPort'),
    forceTls: tls === undefined || tls === '' ? undefined : tls === '!0' || tls === 'true',
    cluster: read('cluster'),
    authEndpoint: read('authEndpoint'),
  }
}

function plain(literal: string | undefined): string | undefined {
  if (literal === undefined) return undefined
  if (literal === 'void 0') return ''
  return /^["'`]/.test(literal) ? literal.slice(1, -1).replace(/\\(.)/g, '$1') : literal
}

/** The braces around a place, nested ones included; undefined where they are not near. */
function objectAround(code: string, place: number): string | undefined {
  let depth = 0
  let start = place
  for (const least = Math.max(0, place - REACH); start >= least; start -= 1) {
    if (code[start] === '}') depth += 1
    if (code[start] === '{' && depth-- === 0) break
  }
  if (code[start] !== '{') return undefined
  depth = 0
  for (let end = start; end < Math.min(code.length, start + 2 * REACH); end += 1) {
    if (code[end] === '{') depth += 1
    if (code[end] === '}' && --depth === 0) return code.slice(start, end + 1)
  }
  return undefined
}

function variablesIn(code: string): readonly (readonly [string, string])[] {
  const pattern = new RegExp(
    String.raw`\b((?:VITE|MIX)_(?:REVERB|PUSHER)_\w+)["']?:\s*(${STRING})`,
    'g',
  )
  return [...code.matchAll(pattern)].map(
    ([, name = '', text]) => [name, plain(text) ?? ''] as const,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a broken manifest names no file
  }
}
