/** A chat application's answers on Laravel's redis driver, whose pages come with bearer tokens. */
import type { Answer } from './upstream.ts'

const PEOPLE: Readonly<Record<string, { id: number; name: string }>> = {
  'Bearer ann': { id: 1, name: 'Ann' },
  'Bearer bob': { id: 2, name: 'Bob' },
}

/** Everybody may be in a `presence-` channel, and in the private one of their own. */
export const redisDriver: Answer = (response, { path, headers, form }) => {
  const person = PEOPLE[headers.authorization ?? '']
  const channel = form.get('channel_name') ?? ''
  const answer = (status: number, body: unknown): void =>
    void response.writeHead(status, { 'Content-Type': 'text/html' }).end(JSON.stringify(body))
  if (person === undefined) return answer(401, { message: 'Unauthenticated.' })
  const { id, name } = person
  if (path === '/broadcasting/user-auth') return answer(200, { id, user_info: { name } })
  if (channel.startsWith('presence-')) {
    return answer(200, { channel_data: { user_id: id, user_info: { name } } })
  }
  return channel === `private-users.${id}` || channel.startsWith('private-encrypted-')
    ? answer(200, true)
    : answer(403, { message: '' })
}
