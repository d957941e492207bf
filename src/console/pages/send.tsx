/** Publishes one event, as the app's backend would. */
import { useState } from 'preact/hooks'
import { access } from '../access.ts'
import { change, reasonOf } from '../api.ts'
import { clockTime, plural } from '../format.ts'
import { announce } from '../parts/announcer.tsx'
import { Heading } from '../parts/heading.tsx'
import { ViewOnly } from '../parts/view-only.tsx'
import { place } from '../place.ts'

interface Draft {
  readonly app: string
  readonly channel: string
  readonly event: string
  readonly data: string
}

interface Outcome {
  readonly tone: 'good' | 'bad'
  readonly text: string
}

export function Send() {
  const { query } = place.value
  const [draft, setDraft] = useState<Draft>({
    app: query.get('app') ?? '',
    channel: query.get('channel') ?? '',
    event: query.get('event') ?? '',
    data: '{\n  "hello": "world"\n}',
  })
  const [outcome, setOutcome] = useState<Outcome>()
  const [isBusy, setBusy] = useState(false)
  const problem = jsonProblem(draft.data)
  const isComplete = draft.channel !== '' && draft.event !== '' && problem === undefined
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    const next = await send(draft)
    setBusy(false)
    setOutcome(next)
    announce(next.text)
  }
  const field = (name: keyof Draft) => ({
    value: draft[name],
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      setDraft({ ...draft, [name]: currentTarget.value }),
  })
  return (
    <>
      <Heading title="Send an event" />
      <ViewOnly>To send events</ViewOnly>
      <form class="card sender" onSubmit={(event) => void submit(event)}>
        <div class="pair">
          <label class="field">
            Channel
            <input
              required
              autocomplete="off"
              spellcheck={false}
              placeholder="orders"
              {...field('channel')}
            />
          </label>
          <label class="field">
            Event
            <input
              required
              autocomplete="off"
              spellcheck={false}
              placeholder="OrderShipped"
              {...field('event')}
            />
          </label>
        </div>
        <label class="field">
          <span>
            App id <span class="hint">may be left out where there is only one</span>
          </span>
          <input autocomplete="off" spellcheck={false} {...field('app')} />
        </label>
        <label class="field">
          Data, as JSON
          <textarea
            rows={8}
            spellcheck={false}
            aria-invalid={problem !== undefined}
            aria-describedby="data-problem"
            {...field('data')}
          />
        </label>
        <p id="data-problem" class="problem">
          {problem}
        </p>
        <div class="actions">
          <button
            type="submit"
            class="primary"
            disabled={!isComplete || isBusy || access.value !== 'operator'}
          >
            Send event
          </button>
          <span class="hint">
            Echo hears it with <code>.listen('.{draft.event || 'OrderShipped'}', …)</code>
          </span>
        </div>
        {outcome !== undefined && <p class={`notice ${outcome.tone}`}>{outcome.text}</p>}
      </form>
    </>
  )
}

async function send({ app, channel, event, data }: Draft): Promise<Outcome> {
  try {
    const body = {
      ...(app === '' ? {} : { app }),
      channel,
      event,
      data: JSON.stringify(JSON.parse(data)),
    }
    const { subscriptions } = await change<{ subscriptions: number }>('/events', {}, body)
    const reached =
      subscriptions === 0 ? 'nobody has subscribed to it' : plural(subscriptions, 'subscription')
    return { tone: 'good', text: `Sent to ${channel} at ${clockTime(Date.now())}: ${reached}.` }
  } catch (fault) {
    return { tone: 'bad', text: reasonOf(fault) }
  }
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch {
    return 'This is not JSON yet.'
  }
}
