/** The OpenAPI document, generated from the schemas of the routes. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toOpenAPISchema } from '@elysiajs/openapi'
import { ensureSecrets } from '../../src/adapters/data-folder'
import { systemRandom } from '../../src/adapters/system'
import { type App, createApp } from '../../src/compose/app'
import { load } from '../../src/config/load'
import { createLog } from '../../src/http/log'
import { version } from '../../src/version'
import { addExamplesOfForms, allowNullInBodies, sharedResponses, sorted, withNamedSchemas } from './components'
import { completeOperations, inOrder } from './operations'
import { TAGS } from './tags'
import type { Node, PathItem } from './types'

/** Runs work on an app that listens nowhere and keeps nothing, with every endpoint that a setting can add. */
export async function withApp<T>(work: (app: App) => T | Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  const { settings, loaded } = load({
    set: { AUTH_SECURITY_CAPTCHA_ENABLED: 'true', AUTH_SECURITY_CAPTCHA_PROVIDER: 'pow' },
  })
  const database = join(folder, 'latchkey.db')
  const { secrets } = ensureSecrets(folder, { database, random: systemRandom.bytes, now: 0 })
  const log = createLog({ level: 'off', format: 'json', write() {}, now: () => 0 })
  const app = await createApp({ settings, loaded, secrets, folder, log })
  try {
    return await work(app)
  } finally {
    await app.close()
    rmSync(folder, { recursive: true })
  }
}

export async function generate(): Promise<string> {
  return withApp(({ routes }) => {
    const { paths: printed } = toOpenAPISchema(routes, { staticFile: false } as never)
    const schemas: Node = {}
    const paths = withNamedSchemas(printed, schemas) as Record<string, PathItem>
    addExamplesOfForms(paths, schemas)
    allowNullInBodies(paths, schemas)
    completeOperations(paths)
    const responses = sharedResponses(paths)
    const document = {
      openapi: '3.1.0',
      info: { title: 'Latchkey', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      // Relative to the document, so that it holds behind a proxy and below a path.
      servers: [{ url: '.', description: 'The server of this document.' }],
      tags: TAGS.map(([name, description]) => ({ name, description })),
      paths: inOrder(paths),
      components: { schemas: sorted(schemas), responses, securitySchemes: SECURITY_SCHEMES },
    }
    return `${JSON.stringify(document, null, 2)}\n`
  })
}

const DESCRIPTION = [
  'Supabase Auth in one file. Authorize with a user token (from `/signup` or `/token`), or for the admin API with the secret key that `latchkey keys` prints; a service_role JWT counts as a user token there. Pages of this origin may use the cookie of `/api/auth/login` instead of a token.',
  'Every path below `/auth/v1` is answered without that prefix too. Its errors are `{code, error_code, msg}`; clients that send `X-Supabase-Api-Version: 2024-01-01`, as supabase-js does, get `{code, message}` with the same code.',
].join('\n\n')

const SECURITY_SCHEMES = {
  userToken: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The `access_token` of a session, from `/signup` or `/token`. Tokens of every other kind that this server issues count as well.',
  },
  secretKey: {
    type: 'apiKey',
    in: 'header',
    name: 'apikey',
    description: 'The secret key `sb_secret_…`, from `latchkey keys`. For the admin API.',
  },
}
