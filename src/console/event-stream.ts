/** Server-sent events by `fetch`, which unlike EventSource can send the token. */

export interface Message {
  /** `message` where the stream does not name it. */
  readonly event: string
  readonly data: string
}

/** Splits a stream into its messages. Comments, which only keep it alive, are passed over. */
export async function* messagesIn(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const message = messageIn(block)
        if (message !== undefined) yield message
      }
    }
  } finally {
    // Also ends the request when whoever reads has had enough.
    await reader.cancel().catch(() => undefined) // of a connection that is gone already
  }
}

function messageIn(block: string): Message | undefined {
  let event = 'message'
  let data: string | undefined
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7)
    else if (line.startsWith('data: '))
      data = (data === undefined ? '' : `${data}\n`) + line.slice(6)
  }
  return data === undefined ? undefined : { event, data }
}
