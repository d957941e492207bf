/** A page's title, which takes the focus when the page is come to, and what stands beside it. */
import type { ComponentChildren } from 'preact'

export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="heading">
      <h1 id="title" tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  )
}
