/**
 * Values at paths, in plain data as JSON has it.
 */
import type { Path } from './options.ts'

/** The value at `path`, or undefined where there is none. Only own keys count. */
export function valueAt(container: unknown, path: Path): unknown {
  return path.reduce<unknown>((inside, key) => {
    if (Array.isArray(inside)) return inside[Number(key)]
    return isObject(inside) && Object.hasOwn(inside, key) ? inside[key] : undefined
  }, container)
}

/**
 * A copy of `container` with `value` at `path`.
 *
 * Groups that are not there yet are made, and a group joins the one that is there. Something else in a group's place stays as it is, and
 * `value` is left out: the schema then refuses what is there.
 */
export function withValue(container: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) {
    return isObject(container) && isObject(value) ? { ...container, ...value } : value
  }
  if (typeof key === 'number') {
    const list: unknown[] = Array.isArray(container) ? [...container] : []
    list[key] = withValue(list[key], rest, value)
    return list
  }
  if (container !== undefined && !isObject(container)) return container
  return { ...container, [key]: withValue(container?.[key], rest, value) }
}

/** A copy of `container` without what stands at `path`; in a list, what follows moves up. */
export function withoutValue(container: unknown, path: Path): unknown {
  const [key, ...rest] = path
  if (Array.isArray(container)) {
    return container.flatMap((item, index) => {
      if (index !== key) return [item]
      return rest.length === 0 ? [] : [withoutValue(item, rest)]
    })
  }
  if (!isObject(container)) return container
  return Object.fromEntries(
    Object.entries(container).flatMap(([name, value]) => {
      if (name !== key) return [[name, value]]
      return rest.length === 0 ? [] : [[name, withoutValue(value, rest)]]
    }),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
