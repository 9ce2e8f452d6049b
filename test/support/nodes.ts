/** Several stores on one Postgres, as several nodes have them. */
import { beforeAll } from 'bun:test'
import { openStore, type Store, type StoreEvent } from '../../src/store'
import { hasPostgres, type PostgresDatabase, postgresDatabase, postgresServer } from './postgres'

export interface Node {
  store: Store
  /** Resolves with the next event of a kind, also of other nodes. */
  next(kind: StoreEvent['kind']): Promise<StoreEvent>
  /** The kinds of the events so far. */
  seen: StoreEvent['kind'][]
}

export interface Nodes extends AsyncDisposable {
  database: PostgresDatabase
  nodes: [Node, Node, ...Node[]]
}

export async function startNodes(count = 2): Promise<Nodes> {
  const database = await postgresDatabase()
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(database.url)))
  return {
    database,
    nodes: nodes as Nodes['nodes'],
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(({ store }) => store.close()))
      await database[Symbol.asyncDispose]()
    },
  }
}

/** @param url of a database */
export async function startNode(url: string): Promise<Node> {
  const seen: StoreEvent['kind'][] = []
  const waiting = new Set<{ kind: StoreEvent['kind']; resolve(event: StoreEvent): void }>()
  const store = await openStore(url, 0, {
    isServed: true,
    onEvent(event) {
      seen.push(event.kind)
      for (const each of waiting) if (each.kind === event.kind && waiting.delete(each)) each.resolve(event)
    },
  })
  return {
    store,
    seen,
    next(kind) {
      const { promise, resolve } = Promise.withResolvers<StoreEvent>()
      waiting.add({ kind, resolve })
      return promise
    },
  }
}

/** Starts the server of a test file that runs alone, which takes longer than a test may. */
export function beforeNodes(): void {
  beforeAll(async () => {
    if (hasPostgres) await postgresServer()
  }, 60_000)
}
