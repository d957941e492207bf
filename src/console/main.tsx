/** The web console: takes the key from its link, and shows itself. */
import { render } from 'preact'
import { findAccess, takeKey } from './access.ts'
import { App } from './app.tsx'
import { applyTheme } from './theme.ts'

takeKey()
applyTheme() // before anything is painted
void findAccess()

addEventListener('DOMContentLoaded', () => {
  const root = document.getElementById('console')
  if (root !== null) render(<App />, root)
})
