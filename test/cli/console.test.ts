import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConsoleDocument } from '../../src/cli/documents/console.ts'
import { StartedServer } from '../support/command.ts'
import { STARTED_APP } from '../support/pusher-sockets.ts'

const TOKEN = 'a-token-of-sixteen'

describe('resound console', () => {
  let server: StartedServer
  beforeAll(async () => {
    const environment = { ...STARTED_APP, RESOUND_ADMIN_TOKEN: TOKEN }
    server = await StartedServer.start([], { environment })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('prints a link that proves an operator', async () => {
    const { code, stdout, stderr } = await server.command('console')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { origin, hash } = new URL(stdout.trim())
    expect(origin).toBe(server.admin)
    const headers = { Authorization: `Bearer ${hash.replace('#key=', '')}` }
    const access = await fetch(`${origin}/console/access`, { headers })
    expect(await access.json()).toEqual({ needsToken: true, isOperator: true })
  })

  it('prints a document for programs, with the address by which it reached the server', async () => {
    const url = server.admin.replace('127.0.0.1', 'localhost')
    const { stdout } = await server.command('console', '--json', '--admin-url', url)
    const document = ConsoleDocument.parse(JSON.parse(stdout))
    expect(document.url).toMatch(new RegExp(`^${url}/#key=[\\w-]{32}$`))
  })
})
