/**
 * The phase in which members of presence channels leave and come back, and the others are told.
 *
 * In one channel one at a time, and the next only when everybody has heard of it: so it is known who
 * should hear of whom, and nothing is missed unnoticed.
 */
import type { Fleet, Listener } from './fleet.ts'
import { nowMicroseconds } from './latency.ts'
import { Measure, type Measured } from './measure.ts'
import { Pacer } from './pacer.ts'
import type { Peer } from './peer.ts'
import { quiet } from './quiet.ts'
import type { Channels } from './shape.ts'

/** Who has not heard of it by then will not. */
const HEARD_MICROSECONDS = 5_000_000

export interface Churn {
  readonly fleet: Fleet
  readonly channels: Channels
  readonly signal: AbortSignal
  /** Joins and leaves per second; 0 for as fast as everybody hears of them. */
  readonly rate: number
  readonly seconds: number
  readonly count: number
}

/** One channel, whose members have all joined before. */
interface Lobby {
  readonly channel: number
  readonly members: readonly Peer[]
  turn: number
  /** Who is on the way out or in, or is out. */
  mover: Peer | undefined
  isOut: boolean
  dueMicroseconds: number
  /** How many have to hear of it still, and whether the one who joins has to be answered. */
  unheard: number
  isUnanswered: boolean
}

/** Leaves and joins until it is over. Operations are leaves and joins; what happens is their being told. */
export async function churn({ fleet, channels, signal, ...pace }: Churn): Promise<Measured> {
  const measure = new Measure()
  const lobbies = lobbiesOf(fleet, channels)
  let next = 0
  let expected = 0
  let doubled = 0
  const isBusy = (lobby: Lobby): boolean => lobby.unheard > 0 || lobby.isUnanswered
  const giveUp = (lobby: Lobby): void => {
    measure.errors.add(lobby.isUnanswered ? 'no answer' : 'not told to all')
    lobby.unheard = 0
    lobby.isUnanswered = false
  }
  const move = (lobby: Lobby, due: number): void => {
    const mover = lobby.mover ?? lobby.members[lobby.turn++ % lobby.members.length]
    if (mover === undefined) return
    lobby.isOut = lobby.mover === undefined
    lobby.mover = lobby.isOut ? mover : undefined
    lobby.dueMicroseconds = due
    lobby.unheard = lobby.members.filter((peer) => peer !== mover && peer.socketId !== '').length
    lobby.isUnanswered = !lobby.isOut
    if (!lobby.isOut) mover.askedAt = due
    expected += lobby.unheard
    mover.send(
      lobby.isOut
        ? channels.unsubscription(lobby.channel)
        : channels.subscription(mover, lobby.channel),
    )
  }
  const pacer = new Pacer(pace, {
    self: measure.self,
    signal,
    act: (due) => {
      for (let tried = 0; tried < lobbies.length; tried += 1) {
        const lobby = lobbies[next++ % lobbies.length]
        if (lobby === undefined) return false
        if (isBusy(lobby) && nowMicroseconds() - lobby.dueMicroseconds > HEARD_MICROSECONDS)
          giveUp(lobby)
        if (isBusy(lobby)) continue
        move(lobby, due)
        return true
      }
      return false
    },
  })
  const lobbyOf = (peer: Peer): Lobby | undefined => lobbies[channels.channelOf(peer.index, 0)]
  const listener: Listener = {
    measure,
    presence: (peer, isJoin) => {
      const lobby = lobbyOf(peer)
      if (lobby === undefined || lobby.unheard === 0 || isJoin === lobby.isOut) doubled += 1
      else {
        lobby.unheard -= 1
        measure.happen(lobby.dueMicroseconds)
      }
      pacer.wake()
    },
    answered: (peer, isDone) => {
      const lobby = lobbyOf(peer)
      if (lobby === undefined || peer.askedAt < 0) return
      peer.askedAt = -1
      lobby.isUnanswered = false
      if (!isDone) {
        expected -= lobby.unheard
        lobby.unheard = 0
      }
      pacer.wake()
    },
  }
  fleet.listen(listener)
  const operations = await pacer.run()
  await quiet(
    () => !lobbies.some(isBusy),
    () => measure.happened,
    signal.aborted ? 0 : HEARD_MICROSECONDS / 1000,
  )
  const underWay = signal.aborted ? lobbies.reduce((sum, { unheard }) => sum + unheard, 0) : 0
  return measure.end({ operations, expected: expected - underWay, doubled })
}

function lobbiesOf({ peers }: Fleet, channels: Channels): readonly Lobby[] {
  return channels.names.map((_, channel) => ({
    channel,
    members: peers.filter(({ index }) => channels.channelOf(index, 0) === channel),
    turn: 0,
    mover: undefined,
    isOut: false,
    dueMicroseconds: 0,
    unheard: 0,
    isUnanswered: false,
  }))
}
