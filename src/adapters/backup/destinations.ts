/** Where backups are kept that the server makes by itself: a folder, or a bucket of an S3-compatible service. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readFile, writeDurably } from './files'

export interface StoredBackup {
  name: string
  /** Bytes. */
  size: number
  /** Unix milliseconds. */
  createdAt: number
}

export interface Destination {
  /** For messages. */
  shown: string
  /** Verified backups, newest first. Other files are not listed, and never removed. */
  list(): Promise<StoredBackup[]>
  /** Stores a file under a name, completely or not at all. */
  put(path: string, name: string): Promise<void>
  read(name: string): AsyncIterable<Uint8Array>
  remove(name: string): Promise<void>
}

const NAME = /^latchkey-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.backup$/

/** @param now Unix milliseconds */
export const nameOf = (now: number): string =>
  `latchkey-${new Date(now).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '')}.backup`

function storedOf(name: string, size: number): StoredBackup[] {
  const [, year, month, day, ...time] = NAME.exec(name) ?? []
  const createdAt = Date.parse(`${year}-${month}-${day}T${time.join(':')}Z`)
  return Number.isNaN(createdAt) ? [] : [{ name, size, createdAt }]
}

const newestFirst = (one: StoredBackup, other: StoredBackup) => other.createdAt - one.createdAt

/** Created if it is missing. */
export function folderDestination(path: string): Destination {
  const folder = resolve(path)
  return {
    shown: folder,
    async list() {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return readdirSync(folder)
        .flatMap((name) => storedOf(name, statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0))
        .sort(newestFirst)
    },
    async put(from, name) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      await writeDurably(join(folder, name), readFile(from))
    },
    read: (name) => readFile(join(folder, name)),
    remove: async (name) => rmSync(join(folder, name), { force: true }),
  }
}

export interface Bucket {
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  endpoint: string | undefined
  region: string | undefined
  /** Before each name. */
  prefix: string
}

export function s3Destination({ prefix, endpoint, region, ...access }: Bucket): Destination {
  const client = new Bun.S3Client({
    ...access,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  })
  const shown = `s3://${access.bucket}/${prefix}`
  const naming = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string }
      throw new Error(`${shown}: ${[code, message].filter((part) => part).join(': ')}`)
    }
  }
  return {
    shown,
    list: () =>
      naming(async () => {
        const found: StoredBackup[] = []
        let continuationToken: string | undefined
        do {
          const page = await client.list({ prefix, ...(continuationToken !== undefined && { continuationToken }) })
          for (const { key, size = 0 } of page.contents ?? [])
            if (key.startsWith(prefix)) found.push(...storedOf(key.slice(prefix.length), size))
          continuationToken = page.isTruncated ? page.nextContinuationToken : undefined
        } while (continuationToken !== undefined)
        return found.sort(newestFirst)
      }),
    put: (from, name) => naming(async () => void (await client.write(prefix + name, Bun.file(from)))),
    read: (name) => client.file(prefix + name).stream(),
    remove: (name) => naming(() => client.delete(prefix + name)),
  }
}
