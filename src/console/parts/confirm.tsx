/** Asks before something is done that cannot be undone. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

interface Question {
  readonly title: string
  readonly text: string
  readonly action: string
  readonly answer: (isMeant: boolean) => void
}

const question = signal<Question | undefined>(undefined)

/** @returns whether it is meant */
export function confirmed(title: string, text: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      action,
      answer: (isMeant) => {
        question.value = undefined
        resolve(isMeant)
      },
    }
  })
}

export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const asked = question.value
  useEffect(() => {
    if (asked !== undefined) dialog.current?.showModal()
    else dialog.current?.close()
  }, [asked])
  return (
    <dialog
      ref={dialog}
      onClose={() => question.peek()?.answer(false)}
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
    >
      <h2 id="confirm-title">{asked?.title}</h2>
      <p id="confirm-text">{asked?.text}</p>
      <div class="actions end">
        <button type="button" onClick={() => asked?.answer(false)}>
          Cancel
        </button>
        <button type="button" class="danger" onClick={() => asked?.answer(true)}>
          {asked?.action}
        </button>
      </div>
    </dialog>
  )
}
