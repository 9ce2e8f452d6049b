import { expect, test } from 'bun:test'
import { withHint } from '../../src/cli/hint'
import { commandWith, startWith } from '../../src/cli/invocation'
import { progressBar, usesColor } from '../../src/cli/terminal'

const executable = '/srv/latchkey/dist/latchkey'
const from = (env: Record<string, string>, cwd = '/srv/latchkey') => ({ env, executable, cwd })
const npm = { npm_lifecycle_event: 'start', npm_config_user_agent: 'npm/11.2.0 node/v24.1.0' }

test.each([
  [{}, './dist/latchkey --set A=b'],
  [{ PATH: '/usr/bin:/srv/latchkey/dist' }, 'latchkey --set A=b'],
  [npm, 'npm start -- --set A=b'],
  [{ ...npm, npm_lifecycle_event: 'auth' }, 'npm run auth -- --set A=b'],
  [{ ...npm, npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v24.1.0' }, 'pnpm run start --set A=b'],
  [{ ...npm, npm_lifecycle_event: 'npx' }, './dist/latchkey --set A=b'],
] as const)('started with %j, suggested commands read %s', (env, command) =>
  expect(startWith('--set A=b', from(env))).toBe(command),
)

test('suggested commands name the data folder unless it is the default', () => {
  expect(commandWith('keys', '/srv/latchkey/latchkey-data', from({}))).toBe('./dist/latchkey keys')
  expect(commandWith('keys', '/var/lib/my data', from({}))).toBe("./dist/latchkey keys --data-dir '/var/lib/my data'")
  expect(commandWith('keys', '/srv/latchkey/latchkey-data', from({}, '/home/ada'))).toBe(
    '/srv/latchkey/dist/latchkey keys --data-dir /srv/latchkey/latchkey-data',
  )
})

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: false }, {}, false],
  [{ isTTY: true }, { NO_COLOR: '1' }, false],
  [{ isTTY: true }, { NO_COLOR: '' }, true],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
  [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
  [{ isTTY: false }, { FORCE_COLOR: '' }, true],
  [{ isTTY: true }, { FORCE_COLOR: '0' }, false],
  [{ isTTY: false }, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
] as const)('%j with %j has colours: %p', (stream, env, isColored) =>
  expect(usesColor(stream as { isTTY: boolean }, env)).toBe(isColored),
)

test('a NAME=value argument is answered with the flag that sets it', () => {
  const excess = "error: too many arguments for 'serve'."
  expect(withHint(excess, ['serve', 'AUTH_PORT=80'])).toContain('--set AUTH_PORT=80')
  expect(withHint("error: unknown option '--AUTH_PORT=80'", ['--AUTH_PORT=80'])).toContain('--set AUTH_PORT=80')
  expect(withHint(excess, ['serve', '--set', 'AUTH_PORT=80', 'extra'])).toBe(excess)
})

test('a progress bar is drawn on a terminal only, and removed at the end', () => {
  const drawn = (isTTY: boolean) => {
    const written: string[] = []
    const bar = progressBar('users', 4, { isTTY, write: (text) => written.push(text) })
    bar.update(2)
    bar.end()
    return written
  }
  expect(drawn(false)).toEqual([])
  const [line, end] = drawn(true)
  expect(line).toBe(`\r${'█'.repeat(15)}${'░'.repeat(15)} 50 % (2 of 4 users)`)
  expect(end).toBe('\r\u001b[2K')
})
