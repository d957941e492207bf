/** Asks for what proves an operator, and says where to get it. */
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { access, unlock } from '../access.ts'
import { announce } from './announcer.tsx'

const isOpen = signal(false)

export function openUnlock(): void {
  isOpen.value = true
}

export function UnlockDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = isOpen.value
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  const close = (): void => {
    isOpen.value = false
  }
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="unlock-title">
      <h2 id="unlock-title">Unlock changes</h2>
      <p>
        Looking needs nothing on this host. To send events, close connections or run a diagnosis,
        open the link that this prints on the server:
      </p>
      <pre class="paste">resound console</pre>
      <p>Or paste its key, or the admin token, here. It is kept until this tab is closed.</p>
      {open && (
        <CredentialForm label="Key or token" action="Unlock" onDone={close}>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </CredentialForm>
      )}
    </dialog>
  )
}

interface FormProps {
  readonly label: string
  readonly action: string
  readonly onDone?: () => void
  readonly children?: preact.ComponentChildren
}

export function CredentialForm({ label, action, onDone, children }: FormProps) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const credential = keyIn(text)
    if (credential === undefined) {
      setProblem('Enter it first.')
      return
    }
    setBusy(true)
    const isProved = await unlock(credential)
    setBusy(false)
    if (isProved) {
      announce('Unlocked')
      onDone?.()
    } else {
      setProblem(
        access.value === 'unreachable'
          ? 'The server does not answer.'
          : 'The server does not accept this.',
      )
    }
  }
  return (
    <form class="credential" onSubmit={(event) => void submit(event)}>
      <label class="field">
        {label}
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={text}
          aria-invalid={problem !== undefined}
          aria-describedby="credential-problem"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <p id="credential-problem" class="problem" role="alert">
        {problem}
      </p>
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          {action}
        </button>
        {children}
      </div>
    </form>
  )
}

/** Of the whole link, its key. */
function keyIn(text: string): string | undefined {
  const trimmed = text.trim()
  const [, key] = /#key=([\w-]+)$/.exec(trimmed) ?? []
  return key ?? (trimmed === '' ? undefined : trimmed)
}
