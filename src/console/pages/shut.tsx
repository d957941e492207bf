/** Before everything where the server has a token. */
import { isRejected } from '../access.ts'
import { Mark } from '../parts/icons.tsx'
import { CredentialForm } from '../parts/unlock.tsx'

export function Shut() {
  return (
    <main class="alone">
      <div class="card gate">
        <Mark />
        <h1>Resound console</h1>
        <p>
          This server asks for its admin token (<code>admin.token</code>). It is kept until this tab
          is closed.
        </p>
        {isRejected.value && (
          <p class="notice warn">What was given before is not accepted any more.</p>
        )}
        <CredentialForm label="Admin token" action="Open" />
        <p class="hint">
          On the server itself, <code>resound console</code> prints a link that needs no token.
        </p>
      </div>
    </main>
  )
}
