/** docs/templates.md: every example renders as it says, and every template, variable and function is on the page. */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TEMPLATE_FIELDS } from '../../../../src/adapters/mail/templates'
import { checkTemplate } from '../../../../src/adapters/mail/templates/check'
import { areas } from '../../../../src/config'
import { parseTemplate } from '../../../../src/lib/go-template'
import { FUNCTIONS } from '../../../../src/lib/go-template-values'
import { MAIL_TEMPLATES, type MailTemplate } from '../../../../src/lib/mail-templates'

const page = readFileSync(join(import.meta.dir, '../../../../docs/templates.md'), 'utf8')

/** The rows of all tables with a heading, without code marks. */
function rowsOf(heading: string): string[][] {
  const tables = page.split(`| ${heading} |\n`).slice(1)
  return tables.flatMap((table) =>
    (/^\| --- .*\n((?:\|.*\n)+)/.exec(table)?.[1] ?? '')
      .trim()
      .split('\n')
      .map((row) =>
        row
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) =>
            cell
              .trim()
              .replaceAll('\\|', '|')
              .replace(/^`(.*)`$/s, '$1'),
          ),
      ),
  )
}

const DATA = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '')

test('every example of an action or function gives what the page says', () => {
  const rows = rowsOf('Template | Result')
  expect(rows.length).toBe(22)
  for (const [source = '', result] of rows)
    expect([source, parseTemplate(source, 'text').render(DATA)]).toEqual([source, result ?? ''])
})

test('every example of escaping gives what the page says', () => {
  const rows = rowsOf('HTML template | Data | Result')
  expect(rows.length).toBe(5)
  for (const [source = '', data = '', result = ''] of rows)
    expect([source, parseTemplate(source, 'html').render(JSON.parse(data))]).toEqual([source, result])
})

test('what the page says is refused is refused with its message', () => {
  const rows = rowsOf('HTML template | Message')
  expect(rows.length).toBe(13)
  for (const [source = '', message = ''] of rows)
    expect(() => checkTemplate('confirmation', 'html', source)).toThrow(new Error(message))
})

test('the functions that the page rules out are ruled out, and all others are on it', () => {
  for (const name of ['printf', 'slice', 'js', 'call', 'lt', 'le', 'gt', 'ge'])
    expect(() => parseTemplate(`{{ ${name} 1 2 }}`, 'text')).toThrow(`unknown action "${name}"`)
  for (const name of ['template "x"', 'block "x" .', 'define "x"', 'break', 'continue'])
    expect(() => parseTemplate(`{{ ${name} }}`, 'text')).toThrow('unknown action')
  const functions = page.slice(page.indexOf('### Functions'), page.indexOf('### What is true'))
  for (const name of FUNCTIONS.keys()) expect(functions).toMatch(new RegExp(`[{|] ${name} `))
})

test('every mail and every variable has a row', () => {
  const templates = rowsOf('Template | Sent when | Variables of its own').map(([name]) => name)
  expect(templates.toSorted()).toEqual([...MAIL_TEMPLATES].sort())
  const variables = rowsOf('Variable | What it is').flatMap(([names = '']) => names.match(/\w+/g) ?? [])
  expect(variables.sort()).toEqual([...TEMPLATE_FIELDS].sort())
})

test('the settings that it names exist', () => {
  const names = new Set(Object.values(areas).flatMap((area) => Object.values(area).map(({ names: [own] }) => own)))
  const named = (page.match(/`AUTH_[A-Z_]+`/g) ?? []).map((name) => name.slice(1, -1))
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !names.has(name))).toEqual([])
})

const EXAMPLES = [...page.matchAll(/<!-- example: (\w+)\.?(\w*)\.(html|txt) -->\n\n```\w+\n([\s\S]*?)```/g)]

test('there are complete examples', () => expect(EXAMPLES.length).toBe(3))

test.each(EXAMPLES.map(([, name = '', , ending = '', source = '']) => [name, ending, source] as const))(
  'the complete example of %s (%s) is a mail that can be sent',
  (name, ending, source) => {
    const { body, subject } = checkTemplate(name as MailTemplate, ending === 'txt' ? 'text' : 'html', source)
    const values = {
      ...DATA,
      SiteURL: 'https://app.example.com',
      TokenHash: 'abc',
      ConfirmationURL: 'https://a.example/x',
      Time: '2026-01-01 12:00 UTC',
      IPAddress: '203.0.113.7',
    }
    expect(subject?.render(values) ?? 'none').not.toBe('')
    const text = body.render(values)
    expect(text).not.toContain('{{')
    expect(text).toMatch(name === 'magic_link' ? /app\.example\.com\/auth\/confirm\?token_hash=abc/ : /a\.example\/x/)
  },
)
