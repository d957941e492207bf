/**
 * The web console's files, and what the page asks about itself: whether it may look, and change things.
 *
 * The files are read once. They hold nothing secret, so anyone may have them; everything that they show is
 * asked for with the token or the console key.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type HttpResponse, json, refusal } from '../http-api/exchange.ts'
import type { AdminPort } from './port.ts'
import type { Caller, Routes } from './route.ts'

/** Beside the compiled program; seen from the sources, where the build has put it. */
const DIRECTORIES = ['../../console/', '../../dist/console/']

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export interface ConsoleParts {
  /** Where the page opens with the right to change things; holds the console key. */
  readonly link: () => string
  /** Whether a token is needed even to look. */
  readonly needsToken: boolean
}

/** The console's files, under names that change with what is in them. */
export interface ConsoleFiles {
  readonly page: string
  /** By path. */
  readonly assets: ReadonlyMap<string, { readonly text: string; readonly contentType: string }>
}

/**
 * Where a browser on the same host finds the console, and what proves its operator. The key is in the
 * fragment, which browsers keep to themselves.
 */
export function consoleLink({ host, port }: Pick<AdminPort, 'host' | 'port'>, key: string): string {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  const name = everywhere[host] ?? host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/#key=${key}`
}

/** @returns undefined where the console has not been built */
export function readConsole(): ConsoleFiles | undefined {
  const directory = DIRECTORIES.map((place) => new URL(place, import.meta.url)).find((place) =>
    existsSync(new URL('console.js', place)),
  )
  if (directory === undefined) return undefined
  const read = (name: string): string => readFileSync(new URL(name, directory), 'utf8')
  const script = asset('console', 'js', read('console.js'), 'text/javascript; charset=utf-8')
  const style = asset('console', 'css', read('console.css'), 'text/css; charset=utf-8')
  const icon = asset('icon', 'svg', ICON, 'image/svg+xml')
  return {
    page: pageOf(script.path, style.path, icon.path),
    assets: new Map([script, style, icon].map(({ path, ...rest }) => [path, rest])),
  }
}

export function consoleRoutes(files: ConsoleFiles | undefined, parts: ConsoleParts): Routes {
  return [
    ['/', { method: 'GET', access: 'anyone', answer: () => getPage(files) }],
    ...[...(files?.assets ?? [])].map(([path, { text, contentType }]): Routes[number] => [
      path,
      { method: 'GET', access: 'anyone', answer: () => getAsset(text, contentType) },
    ]),
    [
      '/console/access',
      { method: 'GET', access: 'anyone', answer: (_, __, caller) => getAccess(parts, caller) },
    ],
    [
      '/console/link',
      { method: 'GET', access: 'operator', answer: () => json({ url: parts.link() }) },
    ],
  ]
}

function getPage(files: ConsoleFiles | undefined): HttpResponse {
  if (files === undefined) {
    return refusal(503, 'The console is not built in this installation: npm run build makes it.')
  }
  return {
    status: 200,
    body: files.page,
    contentType: 'text/html; charset=utf-8',
    headers: { ...HEADERS, 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-store' },
  }
}

function getAsset(text: string, contentType: string): HttpResponse {
  const headers = { ...HEADERS, 'Cache-Control': 'public, max-age=31536000, immutable' }
  return { status: 200, body: text, contentType, headers }
}

/** What the page may do with the token or key that it has. It is told, rather than refused, either way. */
function getAccess({ needsToken }: ConsoleParts, { isOperator }: Caller): HttpResponse {
  return json({ needsToken, isOperator })
}

function asset(name: string, ending: string, text: string, contentType: string) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return { path: `/console/${name}-${hash}.${ending}`, text, contentType }
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/>' +
  '<g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"><path d="M8 13v6M13 9v14M18.5 12v8M24 14.5v3"/></g></svg>'

const pageOf = (script: string, style: string, icon: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Resound console</title>
<link rel="icon" href="${icon}" type="image/svg+xml">
<link rel="stylesheet" href="${style}">
<script src="${script}"></script>
</head>
<body>
<noscript>The console needs JavaScript. The same is on the command line: resound status.</noscript>
<div id="console"></div>
</body>
</html>
`
