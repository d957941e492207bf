/** Here, since it is about time: nothing else runs meanwhile. */
import { expect, it } from 'vitest'
import { BenchDocument } from '../../src/cli/documents/bench.ts'
import { resound, StartedServer } from '../support/command.ts'

it('a load test under a load that is easy for it does not call itself the limit', async () => {
  const app = ['--app-id', '1', '--key', 'key', '--secret', 'secret']
  await using server = await StartedServer.start(['--host', '127.0.0.1'], {
    environment: {
      RESOUND_APP_ID: '1',
      RESOUND_APP_KEY: 'key',
      RESOUND_APP_SECRET: 'secret',
    },
  })
  const url = ['--url', `ws://127.0.0.1:${server.port}`]
  const load = ['-c', '20', '--rate', '100', '-d', '3', '--json', '--quiet']
  const { code, stdout } = await resound(['bench', ...url, ...app, ...load])
  const document = BenchDocument.parse(JSON.parse(stdout))
  expect(document.generatorLimited).toEqual({ limited: false, reasons: [] })
  expect(code).toBe(0)
})
