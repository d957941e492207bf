import { describe, expect, it } from 'vitest'
import { fromSoketi, soketiColumn } from '../../src/apps/soketi-app.ts'
import { AppConfig } from '../../src/config/schema/app.ts'

const CREDENTIALS = { id: 'app-id', key: 'app-key', secret: 'app-secret' }

/** As in soketi's documented table, with every column set. */
const ROW = {
  ...CREDENTIALS,
  max_connections: 200,
  enable_client_messages: 1,
  enabled: 1,
  max_backend_events_per_sec: -1,
  max_client_events_per_sec: 20,
  max_read_req_per_sec: -1,
  webhooks: [],
  max_presence_members_per_channel: 50,
  max_presence_member_size_in_kb: 4,
  max_channel_name_length: 100,
  max_event_channels_at_once: 5,
  max_event_name_length: 90,
  max_event_payload_in_kb: 50,
  max_event_batch_size: 3,
  enable_user_authentication: 1,
}

const APP = {
  ...CREDENTIALS,
  maxConnections: 200,
  clientEvents: true,
  enabled: true,
  webhooks: [],
  userAuthentication: true,
  limits: {
    clientEventsPerSecond: 20,
    presenceMembers: 50,
    presenceMemberBytes: 4096,
    channelNameLength: 100,
    channelsPerEvent: 5,
    eventNameLength: 90,
    eventBytes: 51_200,
    clientEventBytes: 51_200,
    eventsPerBatch: 3,
  },
}

describe('an app of soketi', () => {
  it('is read from SQL, with every column', () => {
    expect(fromSoketi(ROW)).toEqual({ app: APP, lost: [], unknown: [] })
    expect(AppConfig.parse(fromSoketi(ROW).app)).toMatchObject(APP)
  })

  it('is read from the configuration', () => {
    const record = {
      ...CREDENTIALS,
      maxConnections: 200,
      enableClientMessages: true,
      enabled: true,
      maxBackendEventsPerSecond: -1,
      maxClientEventsPerSecond: 20,
      maxReadRequestsPerSecond: -1,
      webhooks: [],
      maxPresenceMembersPerChannel: 50,
      maxPresenceMemberSizeInKb: 4,
      maxChannelNameLength: 100,
      maxEventChannelsAtOnce: 5,
      maxEventNameLength: 90,
      maxEventPayloadInKb: 50,
      maxEventBatchSize: 3,
      enableUserAuthentication: true,
    }
    expect(fromSoketi(record)).toEqual({ app: APP, lost: [], unknown: [] })
  })

  it('is read from DynamoDB', () => {
    const record = {
      AppId: 'app-id',
      AppKey: 'app-key',
      AppSecret: 'app-secret',
      MaxConnections: -1,
      EnableClientMessages: false,
      Enabled: true,
      MaxClientEventsPerSecond: -1,
      Webhooks: '[]',
    }
    expect(fromSoketi(record).app).toEqual({
      ...CREDENTIALS,
      maxConnections: 0,
      clientEvents: false,
      enabled: true,
      webhooks: [],
      limits: { clientEventsPerSecond: 0 },
    })
  })

  it('leaves to the defaults what is null or empty', () => {
    const row = { ...CREDENTIALS, max_connections: null, webhooks: '', enabled: null }
    expect(fromSoketi(row).app).toEqual(CREDENTIALS)
  })

  it.each([
    ['a number as the credentials', { id: 1, key: 12, secret: 123 }, { key: '12', secret: '123' }],
    ['text as a number', { max_connections: '50' }, { maxConnections: 50 }],
    ['text as a truth', { enabled: '0' }, { enabled: false }],
    ['half a kilobyte', { maxEventPayloadInKb: 0.5 }, { limits: { eventBytes: 512 } }],
    ['no limit on connections', { max_connections: -1 }, { maxConnections: 0 }],
    ['no limit on connections, said with a 0', { max_connections: 0 }, { maxConnections: 0 }],
    ['no client event at all', { max_client_events_per_sec: 0 }, { clientEvents: false }],
  ])('understands %s', (_, record, app) => {
    expect(fromSoketi({ ...CREDENTIALS, enable_client_messages: 1, ...record }).app).toMatchObject(
      app,
    )
  })

  it('says what has no equivalent, and which fields are not of soketi', () => {
    const { lost, unknown } = fromSoketi({
      ...CREDENTIALS,
      max_backend_events_per_sec: 100,
      maxReadRequestsPerSecond: '50',
      created_at: 'today',
    })
    expect(lost).toEqual([
      {
        field: 'max_backend_events_per_sec',
        reason: 'requests to the HTTP API are not limited per second',
      },
      {
        field: 'maxReadRequestsPerSecond',
        reason: 'requests to the HTTP API are not limited per second',
      },
    ])
    expect(unknown).toEqual(['created_at'])
  })

  it('has its webhooks translated, from JSON text too', () => {
    const webhooks = [
      {
        url: 'https://example.com/a',
        headers: { 'X-Custom': 'a' },
        event_types: ['channel_occupied', 'cache_miss'],
        filter: { channel_name_starts_with: 'private-', channel_name_ends_with: '' },
      },
      { url: 'https://example.com/b', events: ['client_event'], channelSuffix: '-b' },
      { url: 'https://example.com/c' },
    ]
    const expected = [
      {
        url: 'https://example.com/a',
        headers: { 'X-Custom': 'a' },
        events: ['channel_occupied', 'cache_miss'],
        channelPrefix: 'private-',
      },
      { url: 'https://example.com/b', events: ['client_event'], channelSuffix: '-b' },
      { url: 'https://example.com/c' },
    ]
    for (const given of [webhooks, JSON.stringify(webhooks)]) {
      const { app, lost } = fromSoketi({ ...CREDENTIALS, webhooks: given })
      expect(app['webhooks']).toEqual(expected)
      expect(lost).toEqual([])
    }
  })

  it('loses webhooks that only soketi has, and says so', () => {
    const { app, lost } = fromSoketi({
      ...CREDENTIALS,
      webhooks: [
        { lambda_function: 'f', lambda: { async: true }, event_types: ['member_added'] },
        { url: 'https://example.com/a', event_types: [] },
        { url: 'https://example.com/b', event_types: ['member_added', 'member_moved'] },
      ],
    })
    expect(app['webhooks']).toEqual([{ url: 'https://example.com/b', events: ['member_added'] }])
    expect(lost).toEqual([
      {
        field: 'webhooks[0].lambda_function',
        reason: 'AWS Lambda is not called: put an HTTPS endpoint in front of it',
      },
      {
        field: 'webhooks[1].event_types',
        reason: 'soketi sends nothing without event_types: left out',
      },
      { field: 'webhooks[2].event_types', reason: 'no webhook tells member_moved' },
    ])
  })

  it.each([
    ['enabled', 'enabled', 'maybe'],
    ['max_connections', 'max_connections', 'many'],
    ['max_presence_members_per_channel', 'max_presence_members_per_channel', -1],
    ['max_event_payload_in_kb', 'max_event_payload_in_kb', 1e9],
    ['webhooks', 'webhooks', 'not JSON'],
    ['webhooks', 'webhooks', [{ url: 'ftp://example.com', event_types: ['member_added'] }]],
    ['key', 'key', 'with spaces in it'],
  ])('with a bad %s is refused by the schema, and the column is known', (column, field, value) => {
    const { error } = AppConfig.safeParse(fromSoketi({ ...CREDENTIALS, [field]: value }).app)
    expect(error?.issues.map(({ path }) => soketiColumn(path))).toContain(column)
  })
})
