/** Chromium, and a page of the application for it. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { type EchoSetup, viteVariables } from './snippets.ts'

const run = promisify(execFile)

const PAGE = path.join(import.meta.dirname, '../browser/page')
const SNIPPETS = path.join(import.meta.dirname, '../../docs/snippets')

/** Starts the system's Chromium with a profile of its own, talking to nobody unasked. */
export async function launchChromium(): Promise<Browser> {
  const { stdout } = await run('sh', ['-c', 'command -v chromium'])
  return chromium.launch({
    executablePath: stdout.trim(),
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/**
 * Builds what the chat page loads (`test/browser/page`) with the README's Echo set-up into a directory.
 *
 * @param env the application's `.env`, whose `VITE_` variables are built in, as Vite does.
 * @param script another than the chat's.
 * @param encrypted takes pusher-js' build with encryption instead of the ordinary one.
 */
export async function buildPage(
  directory: string,
  page: { setup: EchoSetup; env: string; encrypted: boolean; script?: string },
): Promise<void> {
  await build({
    entryPoints: [
      { in: path.join(SNIPPETS, `echo-${page.setup}.js`), out: 'echo' },
      { in: page.script ?? path.join(PAGE, 'chat.ts'), out: 'chat' },
      path.join(PAGE, 'chat.css'),
    ],
    outdir: directory,
    outbase: PAGE,
    bundle: true,
    platform: 'browser',
    define: { 'import.meta.env': JSON.stringify(viteVariables(page.env)) },
    alias: page.encrypted ? { 'pusher-js': 'pusher-js/with-encryption' } : {},
    logLevel: 'silent', // a failure is thrown with the same messages
  })
}
