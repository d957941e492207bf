/**
 * What a failed request says of itself in a word: the system's or the library's code, or the fault's name where
 * the code is but a number, as that of a time that is over (`TimeoutError`).
 */
export const codeOf = (fault: Error): string =>
  'code' in fault && typeof fault.code === 'string' ? fault.code : fault.name
