/** How long a test waits for what has to come: far longer than it takes on a busy machine. */
export const PATIENCE_MILLISECONDS = 10_000
