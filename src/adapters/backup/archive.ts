/**
 * The content of a backup (docs/backup.md#format): a tar archive with a manifest, the secrets, the database and the
 * checksums of all three. It is written and read in one pass, whatever its size.
 */
import { createHash } from 'node:crypto'
import { isJsonObject } from '../../lib/json'
import { HEADER_BYTES, headerOf, type Member, paddingOf, parseHeader, TAR_END } from './tar'

const MANIFEST = 'manifest.json'
export const SECRETS = 'secrets.json'
/** The database: a SQLite file, or what `pg_dump --format=custom` writes. */
export const DATABASES = { sqlite: 'latchkey.db', postgres: 'latchkey.dump' } as const
const CHECKSUMS = 'SHA256SUMS'

export type Kind = keyof typeof DATABASES

const FORMAT = 'latchkey-backup'
const VERSION = 1

/** Larger ones are not ours. */
const MAX_TEXT_BYTES = 1024 * 1024

export interface Manifest {
  format: typeof FORMAT
  version: number
  /** ISO 8601. */
  created: string
  /** Version of the executable that made it. */
  latchkey: string
  engine: Kind
  /** The migrations of the database, in order. */
  migrations: string[]
  /** Settings with secrets that the database needs, and that are not in the file. */
  settings_needed: string[]
  files: FileEntry[]
}

interface FileEntry {
  name: string
  /** Bytes. */
  size: number
  sha256: string
}

export interface Part extends FileEntry {
  read(): AsyncIterable<Uint8Array>
}

export type ManifestFacts = Omit<Manifest, 'format' | 'version' | 'files'>

/** The archive in pieces. @param parts with their checksums, the database last */
export async function* writeArchive(facts: ManifestFacts, parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  const files = parts.map(({ name, size, sha256 }) => ({ name, size, sha256 }))
  const manifest: Manifest = { format: FORMAT, version: VERSION, ...facts, files }
  const first = textPart(MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`)
  const all = [first, ...parts]
  const modifiedAt = Math.floor(Date.parse(facts.created) / 1000)
  for (const part of [...all, textPart(CHECKSUMS, checksumsOf(all))]) {
    yield headerOf({ ...part, modifiedAt })
    let written = 0
    for await (const chunk of part.read()) {
      written += chunk.length
      yield chunk
    }
    if (written !== part.size) throw new Error(`${part.name} changed while it was written`)
    yield new Uint8Array(paddingOf(part.size))
  }
  yield TAR_END
}

/** In the form of `sha256sum`. */
const checksumsOf = (files: readonly FileEntry[]) => files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('')

export function textPart(name: string, text: string): Part {
  const bytes = Buffer.from(text)
  return {
    name,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *read() {
      yield bytes
    },
  }
}

export interface Contents {
  manifest: Manifest
  /** The text of secrets.json; undefined for Postgres. */
  secrets: string | undefined
}

export interface ArchiveReading {
  /** Refuses a manifest before anything is written. @throws to end the reading */
  check?(manifest: Manifest): void
  /** Receives the database. */
  write(chunk: Uint8Array): void
}

/**
 * Reads an archive to its end. What `write` received must be discarded if this throws.
 * @throws {Damaged} if a byte was changed or is missing, or the format is another one
 */
export async function readArchive(
  chunks: AsyncIterable<Uint8Array>,
  { check, write }: ArchiveReading,
): Promise<Contents> {
  const reader = byteReader(chunks)
  const seen: FileEntry[] = []
  const next = async (name: string, sink?: (chunk: Uint8Array) => void) => {
    const member = await memberNamed(reader, name)
    if (!sink && member.size > MAX_TEXT_BYTES) throw new Damaged(`${name} is too large`)
    const hash = createHash('sha256')
    const kept: Uint8Array[] = []
    await reader.pass(member.size, name, (chunk) => {
      hash.update(chunk)
      if (sink) sink(chunk)
      else kept.push(chunk.slice())
    })
    requireZeros(await reader.take(paddingOf(member.size), name), name)
    seen.push({ name, size: member.size, sha256: hash.digest('hex') })
    return Buffer.concat(kept).toString()
  }
  const manifest = parseManifest(await next(MANIFEST))
  check?.(manifest)
  let secrets: string | undefined
  for (const { name } of manifest.files) {
    if (name === SECRETS) secrets = await next(name)
    else await next(name, write)
  }
  const wanted = [...seen]
  if ((await next(CHECKSUMS)) !== checksumsOf(wanted)) throw new Damaged('its checksums are not those of its content')
  if (checksumsOf(wanted.slice(1)) !== checksumsOf(manifest.files) || wanted.slice(1).some(differsIn(manifest.files)))
    throw new Damaged('its checksums are not those of its manifest')
  requireZeros(await reader.take(TAR_END.length, 'its last block'), 'its last block')
  await reader.requireEnd()
  return { manifest, secrets }
}

const differsIn = (files: readonly FileEntry[]) => (entry: FileEntry, index: number) =>
  files[index]?.size !== entry.size

/** The reason completes the sentence "<file> …". */
export class Damaged extends Error {
  override name = 'Damaged'
}

async function memberNamed(reader: ByteReader, name: string): Promise<Member> {
  const member = parseHeader(await reader.take(HEADER_BYTES, name))
  if (member?.name !== name)
    throw new Damaged(name === MANIFEST ? 'it is not a backup' : `the header of ${name} was changed`)
  return member
}

function requireZeros(bytes: Uint8Array, name: string): void {
  if (bytes.some((byte) => byte !== 0)) throw new Damaged(`bytes after ${name} were changed`)
}

function parseManifest(text: string): Manifest {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    throw new Damaged(`${MANIFEST} is not JSON`)
  }
  if (!isJsonObject(found) || found.format !== FORMAT) throw new Damaged('it is not a backup')
  if (typeof found.version !== 'number' || found.version > VERSION)
    throw new Damaged(`it has version ${found.version} of the format, which is unknown here; use a newer executable`)
  const { engine } = found
  const names = Array.isArray(found.files) ? found.files.map((file) => isJsonObject(file) && file.name) : []
  const expected =
    engine === 'sqlite' ? [SECRETS, DATABASES.sqlite] : engine === 'postgres' ? [DATABASES.postgres] : undefined
  const isWhole =
    expected !== undefined &&
    String(names) === String(expected) &&
    !Number.isNaN(Date.parse(String(found.created))) &&
    isTexts(found.migrations) &&
    isTexts(found.settings_needed)
  if (!isWhole) throw new Damaged(`${MANIFEST} was changed`)
  return found as unknown as Manifest
}

const isTexts = (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'string')

type ByteReader = ReturnType<typeof byteReader>

/** Reads exact numbers of bytes from chunks of any size. */
function byteReader(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  let held: Uint8Array = new Uint8Array(0)

  /** @returns false at the end */
  async function fill(): Promise<boolean> {
    while (held.length === 0) {
      const { value, done } = await iterator.next()
      if (done) return false
      held = value
    }
    return true
  }

  async function pass(size: number, name: string, sink: (chunk: Uint8Array) => void): Promise<void> {
    for (let left = size; left > 0; ) {
      if (!(await fill())) throw new Damaged(`it is truncated: it ends in ${name}`)
      const chunk = held.subarray(0, left)
      held = held.subarray(chunk.length)
      left -= chunk.length
      sink(chunk)
    }
  }

  return {
    pass,
    async take(size: number, name: string): Promise<Uint8Array> {
      const taken = new Uint8Array(size)
      let at = 0
      await pass(size, name, (chunk) => {
        taken.set(chunk, at)
        at += chunk.length
      })
      return taken
    },
    async requireEnd(): Promise<void> {
      if (await fill()) throw new Damaged('something was added to its end')
    },
  }
}
