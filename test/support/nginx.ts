/** A real nginx in front of a test: its own process, configuration and directory. */
import { Directory } from './directory.ts'
import { startProgram } from './program.ts'

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
export function startNginx(site: string): Promise<AsyncDisposable> {
  const directory = new Directory({ 'nginx.conf': surround(site) })
  return startProgram(['nginx', '-p', directory.path, '-c', 'nginx.conf'], {
    directory,
    ready: 'event method',
    on: 'stderr',
  })
}
