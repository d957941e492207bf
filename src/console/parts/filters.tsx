/** The fields above a list: what is typed counts when one has stopped typing. */
import { useEffect, useState } from 'preact/hooks'

const TYPING_MILLISECONDS = 250

interface FilterProps {
  readonly label: string
  readonly value: string
  readonly placeholder?: string
  readonly onChange: (value: string) => void
}

export function Filter({ label, value, placeholder, onChange }: FilterProps) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => onChange(text), TYPING_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [text, value])
  return (
    <label class="field">
      {label}
      <input
        type="search"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={text}
        placeholder={placeholder}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </label>
  )
}
