import type { KindName } from '../../channels/kind.ts'
import { kindOf } from '../../channels/kinds.ts'
import { isChannelName } from '../../channels/name.ts'
import type { App } from '../apps/app.ts'
import type { Subject } from './answer.ts'
import type { FailureName } from './outcome.ts'

/** Why Laravel is not asked, and what the page is told. */
export interface Mistake {
  readonly outcome: FailureName
  /** Where there is more to say than the outcome's own text. */
  readonly error?: string
}

const GUARDED: Readonly<Partial<Record<KindName, Subject>>> = {
  private: 'private',
  presence: 'presence',
  encrypted: 'encrypted',
}

/** What a channel's name asks Laravel about, if it may be asked. */
export function subjectOf(channel: string, { limits, settings }: App): Subject | Mistake {
  const { channelNameLength } = limits
  if (!isChannelName(channel, channelNameLength)) {
    return {
      outcome: 'invalid',
      error: `channel_name has to be 1 to ${channelNameLength} of the characters A-Z a-z 0-9 _ - = @ , . ;`,
    }
  }
  const subject = GUARDED[kindOf(channel).name]
  if (subject === undefined) {
    // Laravel would look for a callback all the same, as if it were a private channel.
    return {
      outcome: 'channel',
      error: 'Only private- and presence- channels are authorised. Subscribe to others without.',
    }
  }
  const prefix = settings.laravel.redisPrefix ?? ''
  if (prefix !== '' && channel.includes(prefix)) {
    // Laravel takes the prefix out of the middle of a name, after it has looked whether it is guarded.
    return {
      outcome: 'channel',
      error: "A channel name cannot contain the Laravel app's Redis prefix (laravel.redisPrefix).",
    }
  }
  return subject
}
