/**
 * Logs in as a person does: through the form of the app's login page, or as pages do that have none.
 */
import { type Answer, ask, FORM, form, shown } from './request.ts'

const PATH = '/login'
const FIELDS = 30

/** @param login `EMAIL:PASSWORD` @param page where the app's pages are */
export async function logIn(
  page: string,
  login: string,
  signal: AbortSignal,
): Promise<{ readonly cookie: string } | { readonly refused: string }> {
  const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(login) ?? []
  const url = new URL(PATH, page).href
  const first = await ask({ method: 'GET', url, headers: { accept: 'text/html' } }, signal)
  if (!first.isAnswered) return { refused: `GET ${url}: ${first.code}` }
  const jar = new Map<string, string>()
  keep(jar, first.answer)
  const found = fieldsOf(first.answer.body, name, password)
  const headers = { cookie: cookieOf(jar), referer: url, origin: new URL(url).origin }
  const second =
    found === undefined
      ? await ask(
          {
            method: 'POST',
            url,
            headers: {
              ...headers,
              accept: 'application/json',
              'content-type': 'application/json',
              'x-requested-with': 'XMLHttpRequest',
              'x-xsrf-token': decodeURIComponent(jar.get('XSRF-TOKEN') ?? ''),
            },
            body: JSON.stringify({ email: name, password }),
          },
          signal,
        )
      : await ask(
          {
            method: 'POST',
            url: new URL(found.action, url).href,
            headers: { ...headers, ...FORM },
            body: form(found.fields),
          },
          signal,
        )
  if (!second.isAnswered) return { refused: `POST ${url}: ${second.code}` }
  const { status, headers: answered } = second.answer
  const isBack = new URL(answered['location'] ?? '/', url).pathname === new URL(url).pathname
  if (status >= 400 || (status >= 300 && isBack)) {
    return { refused: `POST ${url}: ${shown(second.answer)}` }
  }
  keep(jar, second.answer)
  return { cookie: cookieOf(jar) }
}

function keep(jar: Map<string, string>, { cookies }: Answer): void {
  for (const cookie of cookies) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (name !== undefined) jar.set(name, value ?? '')
  }
}

const cookieOf = (jar: ReadonlyMap<string, string>): string =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

/** The form with a password, filled in; undefined where the page has none. */
function fieldsOf(html: string, name: string, password: string) {
  const forms = [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)].map(([text]) => text)
  const found = forms.find((text) => /type=["']?password/i.test(text))
  if (found === undefined) return undefined
  const fields: Record<string, string> = {}
  let isNamed = false
  for (const [input] of [...found.matchAll(/<input\b[^>]*>/gi)].slice(0, FIELDS)) {
    const field = attribute(input, 'name')
    if (field === undefined) continue
    const type = attribute(input, 'type') ?? 'text'
    if (type === 'hidden') fields[field] = attribute(input, 'value') ?? ''
    if (type === 'password') fields[field] = password
    if (/^(text|email)$/.test(type) && !isNamed) {
      fields[field] = name
      isNamed = true
    }
  }
  return { action: attribute(/<form\b[^>]*>/i.exec(found)?.[0] ?? '', 'action') ?? '', fields }
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}\\s*=\\s*["']([^"']*)["']`, 'i').exec(tag)?.[1]
