/** A real nginx in front of a test: its own process, configuration and directory. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Around what a site's own file has. Everything written is in the directory. */
const surround = (site: string): string => `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
${site}
}
`

/** Starts nginx with one site, a `server` block; it accepts connections when this resolves. */
export async function startNginx(site: string): Promise<AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), 'resound-nginx-'))
  await writeFile(path.join(directory, 'nginx.conf'), surround(site))
  const server: ChildProcessByStdio<null, null, Readable> = spawn(
    'nginx',
    ['-p', directory, '-c', 'nginx.conf'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const kill = (): void => {
    server.kill('SIGKILL')
  }
  process.once('exit', kill)
  const closed = once(server, 'close')
  const stop = async (): Promise<void> => {
    kill()
    await closed
    process.off('exit', kill)
    await rm(directory, { recursive: true })
  }
  try {
    await serving(server)
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}

/** Resolves when nginx begins to wait for connections. @throws Error with what it says instead */
async function serving(server: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    // Reads on for as long as the server writes: a full pipe would stop it.
    createInterface(server.stderr).on('line', (line) => {
      said.push(line)
      if (line.includes('event method')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`nginx did not start:\n${said.join('\n')}`)))
  })
}
