import { expect, it } from 'vitest'
import { AppRows, type TableRow } from '../../src/apps/app-rows.ts'
import { TestLog } from '../support/test-log.ts'

const ROW = { id: '1', key: 'k1', secret: 'secret-1' }

/** A row as PostgreSQL hands it over; its text does for a checksum. */
const tableRow = (columns: Readonly<Record<string, unknown>>): TableRow => {
  const content = JSON.stringify(columns)
  return { id: String(columns['id']), checksum: content, content }
}

async function* parts(...rows: readonly TableRow[]): AsyncIterableIterator<readonly TableRow[]> {
  for (const row of rows) yield [row]
}

it('keeps an app as it was while its row is wrong', async () => {
  const log = new TestLog()
  const rows = new AppRows(log.logger)
  await rows.take(parts(tableRow(ROW)))
  await rows.take(parts(tableRow({ ...ROW, secret: 'new-secret', max_event_batch_size: 0 })))
  expect(rows.apps).toMatchObject([{ id: '1', secret: 'secret-1', enabled: true }])
  expect(rows.refused).toBe(1)
  expect(await log.line(/stays as it was/)).toMatchObject({
    level: 50,
    code: 'RESOUND_APP_REFUSED',
    appId: '1',
    problems: [
      'column max_event_batch_size: limits.eventsPerBatch must be a whole number from 1 to 10000, not 0',
    ],
  })
  await rows.take(parts(tableRow({ ...ROW, secret: 'new-secret' })))
  expect(rows.apps).toMatchObject([{ secret: 'new-secret' }])
  expect(rows.refused).toBe(0)
})

it('disables an app by a row that is wrong otherwise', async () => {
  const rows = new AppRows(new TestLog().logger)
  await rows.take(parts(tableRow(ROW)))
  await rows.take(parts(tableRow({ ...ROW, enabled: false, key: 'not a key' })))
  expect(rows.apps).toMatchObject([{ key: 'k1', enabled: false }])
  await rows.take(parts(tableRow({ ...ROW, enabled: true, key: 'not a key' })))
  expect(rows.apps).toMatchObject([{ key: 'k1', enabled: false }])
})

it('serves the other rows beside one that was never right, and says it once', async () => {
  const log = new TestLog()
  const rows = new AppRows(log.logger)
  const wrong = tableRow({ id: '0', key: 'k0', secret: '' })
  await rows.take(parts(wrong, tableRow(ROW)))
  await rows.take(parts(wrong, tableRow(ROW), tableRow({ ...ROW, id: '2', key: 'k2' })))
  expect(rows.apps.map(({ id }) => id)).toEqual(['1', '2'])
  expect(log.lines(/is not served/)).toHaveLength(1)
})

it('forgets a row that is gone, the state it once had too', async () => {
  const rows = new AppRows(new TestLog().logger)
  await rows.take(parts(tableRow(ROW)))
  await rows.take(parts())
  expect(rows.apps).toEqual([])
  await rows.take(parts(tableRow({ ...ROW, enabled: 'maybe' })))
  expect(rows.apps).toEqual([])
})

it('hands out the same object for as long as the row is the same', async () => {
  const rows = new AppRows(new TestLog().logger)
  await rows.take(parts(tableRow(ROW), tableRow({ ...ROW, id: '2', key: 'k2' })))
  const [first, second] = rows.apps
  await rows.take(parts(tableRow(ROW), tableRow({ ...ROW, id: '2', key: 'k2', enabled: false })))
  expect(rows.apps[0]).toBe(first)
  expect(rows.apps[1]).not.toBe(second)
})

it('takes the first of two rows with one id', async () => {
  const log = new TestLog()
  const rows = new AppRows(log.logger)
  await rows.take(parts(tableRow(ROW), tableRow({ ...ROW, key: 'other' })))
  expect(rows.apps).toMatchObject([{ key: 'k1' }])
  expect(await log.line(/is wrong/)).toMatchObject({
    problems: ['column id: an earlier row has the same'],
  })
})

it('refuses a row too large to be read', async () => {
  const rows = new AppRows(new TestLog().logger)
  await rows.take(parts({ id: '1', checksum: 'a', content: undefined }))
  expect(rows.apps).toEqual([])
  expect(rows.refused).toBe(1)
})

it('says once what a column cannot do, whichever rows have it', async () => {
  const log = new TestLog()
  const rows = new AppRows(log.logger)
  const limited = { max_backend_events_per_sec: 10, max_read_req_per_sec: -1 }
  await rows.take(
    parts(
      tableRow({ ...ROW, ...limited }),
      tableRow({ id: '2', key: 'k2', secret: 's', ...limited }),
    ),
  )
  expect(log.lines(/has no effect/)).toHaveLength(1)
  expect(await log.line(/has no effect/)).toMatchObject({
    appId: '1',
    column: 'max_backend_events_per_sec',
  })
})

it('changes nothing when the rows cannot be read to their end', async () => {
  const rows = new AppRows(new TestLog().logger)
  await rows.take(parts(tableRow(ROW)))
  async function* broken(): AsyncIterableIterator<readonly TableRow[]> {
    yield []
    throw new Error('the connection is gone')
  }
  await expect(rows.take(broken())).rejects.toThrow('the connection is gone')
  expect(rows.apps).toMatchObject([{ id: '1' }])
})

it('logs no more than a hundred wrong rows, and how many more there are', async () => {
  const log = new TestLog()
  const rows = new AppRows(log.logger)
  const wrong = Array.from({ length: 103 }, (_, id) => tableRow({ id, key: '', secret: 's' }))
  await rows.take(parts(...wrong))
  expect(log.lines(/is not served/)).toHaveLength(100)
  expect(await log.line(/more rows/)).toMatchObject({ more: 3 })
})
