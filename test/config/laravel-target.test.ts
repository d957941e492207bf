import { expect, it } from 'vitest'
import { changed, INSTALLED, PUSHER, said } from './laravel-app.ts'

const warnings = (dotenv: string, environment = {}) =>
  said({ dotenv, environment })
    .filter(({ level }) => level === 'warn')
    .map(({ message, fields }) => [message, fields])

const lines = (host: string, port: string, scheme: string) =>
  changed(
    ['REVERB_HOST="localhost"', `REVERB_HOST=${host}`],
    ['REVERB_PORT=8081', `REVERB_PORT=${port}`],
    ['REVERB_SCHEME=http', `REVERB_SCHEME=${scheme}`],
  ).replace(/^VITE_.*\n/gm, '')

it.each([
  ['http://localhost', 'localhost'],
  ['localhost:8081', 'localhost'],
  ['ws.example.com/app', 'ws.example.com'],
  ['https://ws.example.com:443/', 'ws.example.com'],
  ['[::1]:8081', '[::1]'],
])('%s is not a host, and %s is', (host, instead) => {
  expect(warnings(lines(host, '8080', 'http'))).toContainEqual([
    'a host has no scheme, no port and no path',
    { REVERB_HOST: host, instead },
  ])
})

it.each(['::1', '[::1]', '127.0.0.1', 'ws.example.com', 'chat.test'])('%s is a host', (host) => {
  expect(warnings(lines(host, '8080', 'http'))).toEqual([])
})

it.each([
  ['443', 'http'],
  ['80', 'https'],
])('port %s does not go with %s', (port, scheme) => {
  expect(warnings(lines('ws.example.com', port, scheme))).toContainEqual([
    'scheme and port contradict each other',
    { REVERB_SCHEME: scheme, REVERB_PORT: port },
  ])
})

it('https on the port where this server speaks http cannot be', () => {
  expect(warnings(lines('ws.example.com', '8080', 'https'))).toEqual([
    [
      'the app expects https on the port where this server speaks http',
      { REVERB_SCHEME: 'https', REVERB_PORT: 8080 },
    ],
  ])
})

it.each(['wss', 'ws', 'HTTPS://'])('%s is not a scheme of Laravel', (scheme) => {
  expect(warnings(lines('ws.example.com', '443', scheme))).toContainEqual([
    'a scheme is http or https',
    { REVERB_SCHEME: scheme },
  ])
})

it('the host of pusher.com is not this server', () => {
  const dotenv = `BROADCAST_CONNECTION=pusher\n${PUSHER}PUSHER_HOST=api-eu.pusher.com\n`
  expect(warnings(dotenv)).toContainEqual([
    "this host is pusher.com's, not this server",
    { PUSHER_HOST: 'api-eu.pusher.com' },
  ])
})

it('a port of its own for the server explains another one in front of it', () => {
  expect(warnings(`${INSTALLED}REVERB_SERVER_PORT=8080\n`)).toEqual([])
})
