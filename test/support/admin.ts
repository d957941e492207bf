/** Asks the admin port of a test's server, as an operator's tools do. */
import { exchange, request } from './raw-http.ts'

export interface AdminAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what it has to be
  readonly body: any
}

/** @param headers lines of further headers */
export async function askAdmin(
  port: number,
  method: 'GET' | 'POST',
  path: string,
  { body = '', headers = '' }: { body?: string; headers?: string } = {},
): Promise<AdminAnswer> {
  const answer = await exchange(port, request(method, path, body, headers))
  if (answer === undefined) throw new Error('no answer')
  return { status: answer.status, body: JSON.parse(answer.body) }
}
