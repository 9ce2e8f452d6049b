/** Reads a stream of unknown length without holding more of it than wanted. */

/** The rest of a longer stream is not transferred. */
export async function readAtMost(
  maxBytes: number,
  stream: ReadableStream<Uint8Array> | null,
): Promise<{ bytes: Buffer; isTooLarge: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream ?? []) {
    chunks.push(chunk.subarray(0, maxBytes - length))
    length += chunk.length
    if (length > maxBytes) break // which also ends the transfer
  }
  return { bytes: Buffer.concat(chunks), isTooLarge: length > maxBytes }
}
