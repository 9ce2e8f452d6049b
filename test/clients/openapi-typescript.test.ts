/** A client with types made from openapi.json by openapi-typescript, against the executable. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plugin } from 'bun'
import { startBinary } from '../support/binary'

const root = join(import.meta.dir, '../..')
const folder = join(import.meta.dir, 'openapi-typescript')

test('the types made from openapi.json are precise, and a client with them compiles', async () => {
  writeFileSync(join(folder, 'api.d.ts'), await generateTypes(readFileSync(join(root, 'openapi.json'), 'utf8')))
  const { exitCode, stdout } = Bun.spawnSync([join(root, 'node_modules/.bin/tsc'), '-p', folder])
  expect([stdout.toString(), exitCode]).toEqual(['', 0])
}, 180_000)

test('the client signs up, signs in, refreshes, is refused, administers, and uses the other surfaces', async () => {
  await using server = await startBinary()
  // Not compiled with this file, but by the test above, with the generated types.
  const { walk } = await import(join(folder, 'client.ts'))
  expect(await walk(server.url, server.keys.secret_key)).toEqual({
    name: 'Ada',
    email: 'ada@example.com',
    provider: 'email',
    isRotated: true,
    wrong: [400, 400, 'invalid_credentials'],
    withoutToken: [401, 'no_authorization'],
    listed: ['ada@example.com'],
    me: 'Ada',
    serviceRefused: [401, 'invalid_credentials'],
    federated: ['local', true],
    signedOut: true,
  })
})

/** openapi-typescript needs the compiler's API, which TypeScript 7 does not have. */
async function generateTypes(document: string): Promise<string> {
  plugin({
    name: 'typescript with its API',
    setup(build) {
      build.module('typescript', async () => ({ exports: await import('typescript-with-api'), loader: 'object' }))
    },
  })
  const { default: openapiTS, astToString } = await import('openapi-typescript')
  return astToString(await openapiTS(document))
}
