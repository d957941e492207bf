/** The transport's handle of one WebSocket. */
export interface Socket {
  send(text: string): unknown
  /** Sends a close frame and ends the connection; the close handler runs before this returns. */
  end(code: number, reason: string): unknown
  /** Bytes that it has not taken yet. */
  getBufferedAmount(): number
  /** Sends a control ping. */
  ping(): unknown
  subscribe(topic: string): unknown
  unsubscribe(topic: string): unknown
  /** Sends to every subscriber of the topic but this socket. */
  publish(topic: string, text: string): unknown
}

/** The transport's topics. */
export interface Fanout {
  /** Sends one text to every subscriber of a topic. */
  publish(topic: string, text: string): unknown
  numSubscribers(topic: string): number
}
