/** The beginning of an answer, as far as it is looked at: it may be anybody's, and without an end. */
export async function beginningOf(body: AsyncIterable<Buffer>, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of body) {
    pieces.push(piece)
    size += piece.length
    if (size >= bytes) break
  }
  return Buffer.concat(pieces)
}
