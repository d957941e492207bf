/**
 * Real proxies in front of a test, beside nginx: Apache, HAProxy and Caddy, each a process with a
 * configuration and a directory of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Directory } from './directory.ts'
import { eventually } from './eventually.ts'

export type TestProxyName = 'apache' | 'haproxy' | 'caddy'

interface Kind {
  /** Around what an operator pastes; what is silent for a second is cut, unless that says otherwise. */
  readonly surround: (lines: string, port: number) => string
  readonly file: string
  readonly command: readonly [string, ...string[]]
}

/** As Debian's package enables, and what the fix says to enable. */
const APACHE_MODULES = [
  ...['mpm_event', 'authz_core', 'reqtimeout', 'setenvif'],
  ...['proxy', 'proxy_http', 'proxy_wstunnel', 'ssl'],
]

const KINDS: Readonly<Record<TestProxyName, Kind>> = {
  apache: {
    surround: (lines, port) => `
${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
ServerName localhost
DefaultRuntimeDir .
User www-data
Group www-data
PidFile apache.pid
ErrorLog error.log
Listen 127.0.0.1:${port}
Timeout 1
RequestReadTimeout header=20-40,minrate=500 body=10,minrate=500
<VirtualHost 127.0.0.1:${port}>
${lines}
</VirtualHost>
`,
    file: 'apache.conf',
    command: ['apache2', '-X', '-d', '.', '-f', 'apache.conf'],
  },
  haproxy: {
    surround: (lines, port) => `
defaults
    mode http
    timeout connect 5s
    timeout client 1s
    timeout server 1s
    retries 0

frontend web
    bind 127.0.0.1:${port}
${lines}
`,
    file: 'haproxy.cfg',
    command: ['haproxy', '-db', '-f', 'haproxy.cfg'],
  },
  caddy: {
    surround: (lines, port) => `
{
  admin off
}
http://localhost:${port} {
${lines}
}
`,
    file: 'Caddyfile',
    command: ['caddy', 'run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
  },
}

/** Starts a proxy with these lines in its site; it accepts connections when this resolves. */
export async function startProxy(
  name: TestProxyName,
  port: number,
  lines: string,
): Promise<AsyncDisposable> {
  const { surround, file, command } = KINDS[name]
  const directory = new Directory({ [file]: surround(lines, port) })
  const [program, ...args] = command
  const server = spawn(program, args, {
    cwd: directory.path,
    env: { PATH: process.env['PATH'], HOME: directory.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const kill = (): void => {
    server.kill('SIGKILL')
  }
  process.once('exit', kill)
  const said = text(server.stderr)
  const closed = once(server, 'close')
  const stop = async (): Promise<void> => {
    kill()
    await closed
    process.off('exit', kill)
    directory[Symbol.dispose]()
  }
  try {
    await eventually(() => accepts(server, port))
    if (server.exitCode !== null) throw new Error(`${name} did not start:\n${await said}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { [Symbol.asyncDispose]: stop }
}

/** Resolves when somebody listens, or nobody will. @throws Error where that may still come */
async function accepts(server: ChildProcess, port: number): Promise<void> {
  if (server.exitCode !== null) return
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}
