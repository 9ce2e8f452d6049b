/** A folder in which the commands of the documents can be run: accounts, a backup, keys, and a server if one is needed. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import type { Json } from './app'
import { BINARY, run, startBinary } from './binary'
import { freePort } from './free-port'
import { HOOK_SECRETS } from './hook-server'
import { removeFolder } from './remove-folder'

export const AGE_RECIPIENT = await identityToRecipient(await generateIdentity())

export const PASSWORD = 'correct-horse-battery-9'

/** What the documents abbreviate or leave to the reader → what is there in the folder. */
export type Substitutes = [shown: string | RegExp, actual: string][]

export interface Place {
  folder: string
  env: Record<string, string>
  substitutes: Substitutes
}

interface Addresses {
  smtpPort: number
  hookUrl: string
}

/** Prepares a folder, which `copyOf` copies for each block. */
export async function preparePlace({ smtpPort, hookUrl }: Addresses): Promise<Place & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-documents-'))
  const env = {
    AUTH_URI_ALLOW_LIST: 'https://app.example.com/**',
    AUTH_JWT_ROLE_CLAIMS: '{"editor":{}}',
    AUTH_SMTP_HOST: '127.0.0.1',
    AUTH_SMTP_PORT: String(smtpPort),
    AUTH_SMTP_ADMIN_EMAIL: 'auth@example.com',
    AUTH_EVENTS_URL: `${hookUrl}/events`,
    AUTH_EVENTS_SECRETS: HOOK_SECRETS[0] as string,
    AUTH_BACKUP_FOLDER: join(folder, 'backups'),
    AUTH_BACKUP_PASSPHRASE_FILE: join(folder, 'passphrase.txt'),
  }
  for (const each of ['backups', 'etc', 'bin', '.config/fish/completions'])
    mkdirSync(join(folder, each), { recursive: true })
  const users = [
    { email: 'ada@example.com', password: PASSWORD, roles: ['admin'], user_metadata: { name: 'Ada' } },
    { email: 'eve@example.com' },
  ]
  const files = {
    'password.txt': `${PASSWORD}\n`,
    'passphrase.txt': 'a passphrase of several words\n',
    'accounts.json': JSON.stringify(users.map((user) => ({ ...user, email_confirm: true }))),
    'users.json': JSON.stringify([{ email: 'grace@example.com' }]),
    'key.json': JSON.stringify(await signingKey()),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const command = async (...args: string[]): Promise<Json> => {
    const { stdout, stderr, status } = await run(args, { env, cwd: folder })
    if (status !== 0) throw new Error(`latchkey ${args.join(' ')}: ${stderr}`)
    return stdout.startsWith('{') || stdout.startsWith('[') ? JSON.parse(stdout) : stdout
  }
  const refused = await signInTwice(folder, env, () => command('seed', 'accounts.json'))
  const ada = await command('user', 'show', 'ada@example.com', '--json')
  await command('backup', 'auth.backup', '--passphrase-file', 'passphrase.txt')
  const [session] = await command('session', 'list', '--user', 'ada@example.com', '--json')
  const [event] = await command('events', 'list', '--json')
  return {
    folder,
    env,
    substitutes: [
      ['6f1c0b2e-…', session?.id],
      ['0193c1f2-…', refused],
      ['5b0f6c1e-4f6b-4a57-9d0c-0a6f1f0f6a11', event?.id],
      ['<id>', ada.id],
    ],
    [Symbol.dispose]: () => removeFolder(folder),
  }
}

/** Once with the password and once without. @returns the id of the refused request */
async function signInTwice(folder: string, env: Record<string, string>, seed: () => Promise<Json>): Promise<string> {
  await using server = await startBinary({ folder, env })
  await seed()
  const signIn = (password: string) =>
    server.ask('POST', '/auth/v1/token?grant_type=password', { body: { email: 'ada@example.com', password } })
  const { status, body } = await signIn(PASSWORD)
  if (status !== 200) throw new Error(JSON.stringify(body))
  const id = (await signIn('wrong')).headers.get('x-request-id')
  await server.stop()
  return id
}

async function signingKey() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  return {
    ...(await crypto.subtle.exportKey('jwk', pair.privateKey)),
    kid: 'imported',
    key_ops: ['sign'],
  }
}

/** A copy with a port of its own, without ada where a block creates her. */
export async function copyOf({ folder: from, env, substitutes }: Place, text: string): Promise<Place & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-document-'))
  cpSync(from, folder, { recursive: true })
  if (/user create ada|latchkey seed/.test(text))
    await run(['user', 'delete', 'ada@example.com', '--yes'], { env, cwd: folder })
  if (/latchkey backup auth/.test(text)) rmSync(join(folder, 'auth.backup'))
  for (const [, project] of text.matchAll(/~\/([\w-]+)\//g))
    mkdirSync(join(folder, project as string), { recursive: true })
  const kid = /keys revoke/.test(text) ? await newKey(env, folder) : ''
  const moved = Object.entries(env).map(([name, value]) => [name, value.replace(from, folder)])
  const port = String(freePort())
  return {
    folder,
    env: { ...Object.fromEntries(moved), HOME: folder, AUTH_PORT: port },
    substitutes: [
      ...substitutes,
      ['u2SG7aoGv…', kid],
      ['age1ql3z7hjy…', AGE_RECIPIENT],
      // No zsh has to be installed.
      ['eval "$(latchkey completion zsh)"', 'latchkey completion zsh > completion.zsh'],
      ['7020', port],
      ['/mnt/backups', join(folder, 'backups')],
      ['/etc/latchkey/', `${folder}/etc/`],
    ],
    [Symbol.dispose]: () => removeFolder(folder),
  }
}

/** @returns the id of a key that does not sign yet */
async function newKey(env: Record<string, string>, cwd: string): Promise<string> {
  await run(['keys', 'rotate'], { env, cwd })
  const { stdout } = await run(['keys', 'list', '--json'], { env, cwd })
  return JSON.parse(stdout).find(({ status }: Json) => status === 'standby').kid
}

/**
 * `serve` runs until something stops it: here, until it listens. The questions of `init` need a terminal
 * (test/binary/cli-terminal.test.ts answers them). A refused request has to fail the block.
 */
const PROGRAMS = {
  latchkey: `#!/bin/bash
case "\${1:-serve}" in
serve)
  exec 3< <(exec "${BINARY}" "$@" --port 0)
  server=$!
  grep -m 1 -q listening <&3 || exit 1
  kill -TERM $server ;;
init)
  [ $# = 1 ] && set -- init --yes
  exec "${BINARY}" "$@" ;;
*)
  exec "${BINARY}" "$@" ;;
esac
`,
  curl: `#!/bin/bash\nexec "${Bun.which('curl')}" --silent --show-error --fail-with-body "$@"\n`,
}

/** Runs a block in a shell that ends at the first command that fails. */
export async function runBlock(
  { folder, env, substitutes }: Place,
  text: string,
): Promise<{ script: string; output: string; status: number }> {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    writeFileSync(join(folder, 'bin', name), program)
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  const script = substitutes.reduce((script, [shown, actual]) => script.replaceAll(shown, () => actual), text)
  const child = Bun.spawn(['bash', '-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env: { ...env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
    stdin: 'ignore',
    stdout: 'pipe',
  })
  const [output, status] = await Promise.all([new Response(child.stdout).text(), child.exited])
  return { script, output, status }
}
