/** A small chat over every kind of channel, on the `window.Echo` that the README sets up. */
import type Echo from 'laravel-echo'
import type { Channel } from 'laravel-echo'

declare global {
  interface Window {
    readonly Echo: Echo<'pusher' | 'reverb'>
  }
}

interface Member {
  readonly name: string
}

const echo = window.Echo
const { driver, user, name } = document.body.dataset
const status = element('status', HTMLElement)
const members = element('members', HTMLUListElement)
const channels = element('channels', HTMLUListElement)
const messages = element('messages', HTMLOListElement)
const typing = element('typing', HTMLElement)
const compose = element('compose', HTMLFormElement)
const text = element('text', HTMLInputElement)
const events = element('events', HTMLOListElement)

showStatus()
echo.connector.onConnectionChange(showStatus)
open('news', echo.channel('news'), 'NewsPublished')
if (user !== undefined && name !== undefined) enter(user, name)

/** Enters what the person who is logged in may enter. */
function enter(id: string, me: string): void {
  open(`private-orders.${id}`, echo.private(`orders.${id}`), 'OrderShipped')
  // Laravel's redis driver publishes in the clear, whatever the channel.
  if (driver !== 'redis') {
    const secrets = echo.encryptedPrivate(`secrets.${id}`)
    open(`private-encrypted-secrets.${id}`, secrets, 'SecretShared')
  }
  const chat = echo.join('chat.1')
  open('presence-chat.1', chat, 'MessageSent')
  const here = new Set<string>()
  const showMembers = (): void => {
    members.replaceChildren()
    for (const name of here) {
      const row = append(members, name)
      if (name === me) row.dataset['me'] = ''
    }
  }
  chat
    .here((present: readonly Member[]) => {
      here.clear()
      for (const { name } of present) here.add(name)
      showMembers()
    })
    .joining(({ name }: Member) => {
      here.add(name)
      showMembers()
    })
    .leaving(({ name }: Member) => {
      here.delete(name)
      showMembers()
    })
    .listen('MessageSent', (message: { text: string }) => append(messages, message.text))
    .listenForWhisper('typing', (whisper: Member & { isTyping: boolean }) => {
      typing.textContent = whisper.isTyping ? `${whisper.name} is typing …` : ''
    })

  let isTyping = false
  const tellTyping = (): void => {
    if (isTyping === (text.value !== '')) return
    isTyping = !isTyping
    chat.whisper('typing', { name: me, isTyping })
  }
  text.addEventListener('input', tellTyping)
  compose.addEventListener('submit', (event) => {
    event.preventDefault()
    append(messages, text.value).dataset['mine'] = ''
    void post('/chat/1/messages', { text: text.value, toOthers: true })
    text.value = ''
    tellTyping()
  })
}

/** A request to the application that says which page it comes from, so that it can be left out. */
async function post(path: string, body: object): Promise<Response> {
  const socketId = echo.socketId()
  const response = await fetch(path, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'x-csrf-token': document.querySelector<HTMLMetaElement>('[name=csrf-token]')?.content ?? '',
      ...(socketId === undefined ? {} : { 'x-socket-id': socketId }),
    },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return response
}

/** Shows whether a channel is subscribed, and what comes in on it under this name. */
function open(name: string, channel: Channel, event: string): void {
  const row = append(channels, name)
  row.dataset['state'] = 'subscribing'
  channel
    .subscribed(() => {
      row.dataset['state'] = 'subscribed'
    })
    .error(() => {
      row.dataset['state'] = 'refused'
    })
    .listen(event, (data: unknown) => {
      const entry = append(events, '')
      entry.append(labelled('b', event), labelled('span', name), JSON.stringify(data))
    })
  echo.connector.onConnectionChange((state) => {
    if (state !== 'connected') row.dataset['state'] = 'subscribing'
  })
}

function showStatus(): void {
  const state = echo.connectionStatus()
  status.dataset['state'] = state
  status.textContent = state === 'connected' ? `connected as ${echo.socketId()}` : state
}

function append(list: HTMLElement, content: string): HTMLLIElement {
  const row = document.createElement('li')
  row.textContent = content
  list.append(row)
  return row
}

function labelled(tag: 'b' | 'span', content: string): HTMLElement {
  const label = document.createElement(tag)
  label.textContent = content
  return label
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`)
  return found
}
