/** Says what takes more than looking, to who may only look. */
import { access } from '../access.ts'
import { openUnlock } from './unlock.tsx'

export function ViewOnly({ children }: { children: string }) {
  if (access.value === 'operator') return null
  return (
    <p class="notice view-only">
      {children}, unlock changes first.{' '}
      <button type="button" class="link" onClick={openUnlock}>
        Unlock
      </button>
    </p>
  )
}
