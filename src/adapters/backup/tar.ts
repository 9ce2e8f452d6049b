/**
 * Members of a tar archive: the subset of ustar (https://www.gnu.org/software/tar/manual/html_node/Standard.html) that a
 * backup uses. A header that is not exactly what this module writes is refused, so that no byte can change unnoticed.
 */

const BLOCK = 512
/** Sizes from here on do not fit into octal digits, and are written in GNU's binary form. */
const OCTAL_LIMIT = 8 ** 11

/** Ends an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK)

export const HEADER_BYTES = BLOCK

export interface Member {
  name: string
  /** Bytes. */
  size: number
  /** Unix seconds. */
  modifiedAt: number
}

export function headerOf({ name, size, modifiedAt }: Member): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'latin1')
  block.write('0000600\0' + '0000000\0' + '0000000\0', 100, 'latin1')
  if (size < OCTAL_LIMIT) block.write(`${octal(size, 11)}\0`, 124, 'latin1')
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  block.write(`${octal(modifiedAt, 11)}\0`, 136, 'latin1')
  block.write(' '.repeat(8), 148, 'latin1')
  // A regular file.
  block.write('0', 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return block
}

const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')

/** @returns undefined if it is not a header that `headerOf` writes */
export function parseHeader(bytes: Uint8Array): Member | undefined {
  const block = Buffer.from(bytes)
  const end = block.indexOf(0)
  const member = {
    name: block.toString('latin1', 0, end < 0 ? 0 : Math.min(end, 100)),
    size:
      block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(block.toString('latin1', 124, 135), 8),
    modifiedAt: Number.parseInt(block.toString('latin1', 136, 147), 8),
  }
  const isPossible = Number.isSafeInteger(member.size) && member.size >= 0 && Number.isSafeInteger(member.modifiedAt)
  return isPossible && block.equals(headerOf(member)) ? member : undefined
}

/** Zero bytes after a member, to the end of its block. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK
