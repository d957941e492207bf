import { backoff } from '../backoff.ts'

const FIRST_MILLISECONDS = 100
const LONGEST_MILLISECONDS = 2000

/** How long to wait before Redis is tried again. @param attempt from 1 @returns milliseconds */
export const retryDelay = (attempt: number, longestMilliseconds = LONGEST_MILLISECONDS): number =>
  backoff(attempt, FIRST_MILLISECONDS, longestMilliseconds)
