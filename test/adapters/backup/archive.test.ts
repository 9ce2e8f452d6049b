import { expect, test } from 'bun:test'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Damaged, type ManifestFacts, readArchive, textPart, writeArchive } from '../../../src/adapters/backup/archive'
import { headerOf, parseHeader } from '../../../src/adapters/backup/tar'
import { removeFolder } from '../../support/remove-folder'

const facts: ManifestFacts = {
  created: '2026-03-01T12:00:00.000Z',
  latchkey: '0.1.0',
  engine: 'sqlite',
  migrations: ['0001-accounts'],
  settings_needed: [],
}
const DATABASE = 'the database '.repeat(70)
const archive = async (database = DATABASE, changes: Partial<ManifestFacts> = {}) => {
  const parts = [textPart('secrets.json', '{"a":1}\n'), textPart('latchkey.db', database)]
  return Buffer.concat(await Array.fromAsync(writeArchive({ ...facts, ...changes }, parts)))
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(bytes: Uint8Array, pieceBytes = 1000) {
  const written: Uint8Array[] = []
  const contents = await readArchive(inPieces(bytes, pieceBytes), { write: (chunk) => written.push(chunk.slice()) })
  return { ...contents, database: Buffer.concat(written).toString() }
}

const refusalOf = (bytes: Uint8Array) =>
  read(bytes).then(
    () => undefined,
    (error: unknown) => (error instanceof Damaged ? error.message : `not a refusal: ${error}`),
  )

test.each([1, 7, 512, 100_000])('what was written is read in pieces of %i bytes', async (pieceBytes) => {
  const { manifest, secrets, database } = await read(await archive(), pieceBytes)
  expect(database).toBe(DATABASE)
  expect(secrets).toBe('{"a":1}\n')
  expect(manifest).toMatchObject(facts)
})

test('tar lists and sha256sum verifies the files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-archive-'))
  await Bun.write(join(folder, 'a.tar'), await archive())
  const listed = Bun.spawnSync(['sh', '-c', 'tar xvf a.tar && sha256sum --quiet --strict -c SHA256SUMS'], {
    cwd: folder,
  })
  expect(listed.stderr.toString()).toBe('')
  expect(listed.stdout.toString()).toBe('manifest.json\nsecrets.json\nlatchkey.db\nSHA256SUMS\n')
  removeFolder(folder)
})

test('no byte can be flipped unnoticed', async () => {
  const bytes = await archive()
  const accepted: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    const refusal = await refusalOf(changed)
    if (refusal === undefined || refusal.startsWith('not a refusal')) accepted.push(at)
  }
  expect(accepted).toEqual([])
})

test('a file that ends early is called truncated', async () => {
  const bytes = await archive()
  for (let length = 0; length < bytes.length; length += 13)
    expect(await refusalOf(bytes.subarray(0, length))).toMatch(/^it is truncated: it ends in /)
})

test('bytes after the end are refused', async () => {
  expect(await refusalOf(Buffer.concat([await archive(), Buffer.from('x')]))).toBe('something was added to its end')
})

test('another archive is not a backup', async () => {
  expect(await refusalOf(Buffer.concat([headerOf({ name: 'a', size: 0, modifiedAt: 0 }), new Uint8Array(1024)]))).toBe(
    'it is not a backup',
  )
  expect(await refusalOf(Buffer.from('SQLite format 3\0'.padEnd(4096, 'x')))).toBe('it is not a backup')
})

test('a manifest that names other files is refused, so that nothing is written elsewhere', async () => {
  const parts = [textPart('../secrets.json', '{}'), textPart('latchkey.db', DATABASE)]
  const bytes = Buffer.concat(await Array.fromAsync(writeArchive(facts, parts)))
  expect(await refusalOf(bytes)).toBe('manifest.json was changed')
})

test('sizes beyond the octal digits of tar are kept', () => {
  for (const size of [0, 8 ** 11 - 1, 8 ** 11, 2 ** 45]) {
    const member = { name: 'latchkey.db', size, modifiedAt: 1_772_366_400 }
    expect(parseHeader(headerOf(member))).toEqual(member)
  }
})
