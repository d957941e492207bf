/** What stands around the rows of a list: problems, nothing at all, and the way to more. */
import type { ComponentChildren } from 'preact'
import { plural } from '../format.ts'
import type { Rows } from '../rows.ts'

interface ListProps {
  readonly list: Omit<Rows<unknown>, 'rows'> & { readonly rows: readonly unknown[] }
  /** Of one row. */
  readonly noun: string
  readonly empty: string
  readonly children: ComponentChildren
}

export function List({ list, noun, empty, children }: ListProps) {
  const { rows, hasMore, silentNodes, problem, isLoading, showMore, reload } = list
  return (
    <div class="card list">
      {problem !== undefined && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      {silentNodes.length > 0 && (
        <p class="notice warn">
          {plural(silentNodes.length, 'node has', 'nodes have')} not answered in time; what they
          hold is missing: {silentNodes.map(({ node }) => node).join(', ')}
        </p>
      )}
      {rows.length > 0 && <div class="scroll">{children}</div>}
      {rows.length === 0 && problem === undefined && (
        <p class="empty">{isLoading ? 'Asking the server…' : empty}</p>
      )}
      <div class="foot">
        <span role="status">
          {isLoading ? '' : `${plural(rows.length, noun)}${hasMore ? ' so far' : ''}`}
        </span>
        <span class="push actions">
          {hasMore && (
            <button type="button" class="small" onClick={showMore}>
              Show more
            </button>
          )}
          <button type="button" class="small quiet" onClick={reload}>
            Refresh
          </button>
        </span>
      </div>
    </div>
  )
}
