// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a .env refers to a variable
import { describe, expect, it } from 'vitest'
import { changed, INSTALLED, PUSHER, said } from './laravel-app.ts'

const without = (dotenv: string) => dotenv.replace(/^VITE_.*\n/gm, '')
const REVERB = without(INSTALLED)

const about = (dotenv: string, environment = {}) =>
  said({ dotenv, environment })
    .filter(({ message }) => /browsers|pages/.test(message) && !message.includes('allowedOrigins'))
    .map(({ level, message, fields }) => ({ level, message, fields }))

describe('pages', () => {
  it.each([
    [
      'the same',
      'VITE_REVERB_APP_KEY="${REVERB_APP_KEY}"\nVITE_REVERB_HOST="${REVERB_HOST}"\nVITE_REVERB_PORT="${REVERB_PORT}"\nVITE_REVERB_SCHEME="${REVERB_SCHEME}"\n',
    ],
    [
      'the same in words',
      'VITE_REVERB_APP_KEY=dq7nzk3ujvjwsuykx9xk\nVITE_REVERB_HOST=localhost\nVITE_REVERB_PORT=8081\nVITE_REVERB_SCHEME=http\n',
    ],
    ['nothing', ''],
    ['of another family', 'VITE_PUSHER_APP_KEY="${PUSHER_APP_KEY}"\nVITE_PUSHER_APP_CLUSTER=mt1\n'],
  ])('that are told %s contradict nothing', (_what, lines) => {
    expect(about(REVERB + lines)).toEqual([])
  })

  it('know names that stand further down, as their bundler does', () => {
    const lines = INSTALLED.split('\n')
    const dotenv = [...lines.filter((line) => line.startsWith('VITE_')), ...lines].join('\n')
    expect(about(dotenv)).toEqual([])
  })

  it.each([
    ['another key', 'VITE_REVERB_APP_KEY=old', 'old'],
    ['no key', 'VITE_REVERB_APP_KEY=', ''],
    ['the key of a name that is not set', 'VITE_REVERB_APP_KEY="${PUSHER_APP_KEY}"', ''],
    ['another key, built by Mix', 'MIX_REVERB_APP_KEY=old', 'old'],
  ])('that have %s cannot connect', (_what, line, key) => {
    expect(about(`${REVERB}${line}\n`)).toContainEqual({
      level: 'warn',
      message: 'browsers would connect with another app key than the server has',
      fields: {
        [line.split('=')[0] ?? '']: key,
        REVERB_APP_KEY: 'dq7nzk3ujvjwsuykx9xk',
      },
    })
  })

  it('can connect to a proxy, which is said', () => {
    const dotenv = changed(
      ['VITE_REVERB_HOST="${REVERB_HOST}"', 'VITE_REVERB_HOST=ws.example.com'],
      ['VITE_REVERB_PORT="${REVERB_PORT}"', 'VITE_REVERB_PORT=443'],
      ['VITE_REVERB_SCHEME="${REVERB_SCHEME}"', 'VITE_REVERB_SCHEME=https'],
    )
    expect(about(dotenv)).toEqual([
      {
        level: 'info',
        message: 'pages connect elsewhere than the app publishes, which a proxy can explain',
        fields: { VITE_REVERB: 'https://ws.example.com:443', REVERB: 'http://localhost:8081' },
      },
      {
        level: 'warn',
        message: 'pages expect https: a proxy in front of this server must terminate TLS',
        fields: { VITE_REVERB_SCHEME: 'https' },
      },
    ])
  })

  it('that expect another port are told so', () => {
    const dotenv = changed(['VITE_REVERB_PORT="${REVERB_PORT}"', 'VITE_REVERB_PORT=8082'])
    expect(about(dotenv)).toContainEqual({
      level: 'warn',
      message: 'pages expect another port than this server listens on',
      fields: { VITE_REVERB_PORT: 8082, port: 8081 },
    })
  })

  it('without a host of Pusher’s protocol go to pusher.com', () => {
    const pages = 'VITE_PUSHER_APP_KEY="${PUSHER_APP_KEY}"\nVITE_PUSHER_APP_CLUSTER=eu\n'
    for (const host of ['', 'VITE_PUSHER_HOST=\n']) {
      expect(about(`BROADCAST_CONNECTION=pusher\n${PUSHER}${pages}${host}`)).toEqual([
        {
          level: 'warn',
          message:
            'pages connect to pusher.com and not to this server: VITE_PUSHER_HOST is not set',
          fields: { VITE_PUSHER_APP_CLUSTER: 'eu' },
        },
      ])
    }
  })
})
