/** The logo of the pages and mails for users: an image file of the operator. */
import { readFile, stat } from 'node:fs/promises'

export interface Logo {
  type: 'image/svg+xml' | 'image/png' | 'image/webp'
  bytes: Uint8Array<ArrayBuffer>
}

const MAX_BYTES = 100 * 1024
const PNG = Buffer.from('89504e470d0a1a0a', 'hex')
/** The root element, behind an XML declaration, a document type and comments. */
const SVG = /^\uFEFF?(?:\s+|<\?xml[^>]*\?>|<!DOCTYPE[^>[]*>|<!--(?:(?!-->)[\s\S])*-->)*<svg[\s>]/i

/** The type is that of the content, whatever the name of the file. @throws {Error} that says what is wrong */
export async function readLogo(path: string): Promise<Logo> {
  const found = await stat(path)
  // A device or a pipe has no size, and may never end.
  if (!found.isFile()) throw new Error('it is not a file')
  const { size } = found
  if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, and at most ${MAX_BYTES} are allowed`)
  const bytes = await readFile(path)
  const type = typeOf(bytes)
  if (!type) throw new Error('it is neither an SVG nor a PNG nor a WebP image')
  return { type, bytes: new Uint8Array(bytes) }
}

function typeOf(bytes: Buffer): Logo['type'] | undefined {
  if (bytes.subarray(0, PNG.length).equals(PNG)) return 'image/png'
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return SVG.test(bytes.toString('utf8')) ? 'image/svg+xml' : undefined
}
