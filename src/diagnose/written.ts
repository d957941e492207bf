/**
 * An id or a key as evidence shows it: in quotes where it would look like another one without them, such as
 * with a space at its end.
 */
export const written = (text: string | undefined): string =>
  text === undefined || /^[\w.-]+$/.test(text) ? String(text) : JSON.stringify(text)
