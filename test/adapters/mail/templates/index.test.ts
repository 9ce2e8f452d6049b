import { afterAll, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  loadTemplates,
  TEMPLATE_FIELDS,
  type TemplateSources,
  templatesExport,
} from '../../../../src/adapters/mail/templates'
import { BUILT_IN_LANGUAGES, builtInSource, MAIL_COLORS } from '../../../../src/adapters/mail/templates/built-in'
import type { Brand } from '../../../../src/lib/brand'
import { parseTemplate } from '../../../../src/lib/go-template'
import type { JsonObject } from '../../../../src/lib/json'
import { MAIL_TEMPLATES, type MailTemplate } from '../../../../src/lib/mail-templates'
import { removeFolder } from '../../../support/remove-folder'

const scratch = mkdtempSync(join(tmpdir(), 'latchkey-templates-'))
afterAll(() => removeFolder(scratch))

let folder: string
let count = 0
beforeEach(() => {
  folder = join(scratch, String(++count))
  mkdirSync(folder)
})

/** @param minute used as the file's modification time, so that every write is noticed */
function write(name: string, text: string, minute = 0): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  utimesSync(path, new Date(minute * 60_000), new Date(minute * 60_000))
  return path
}

const BRAND: Brand = { name: 'Acme', logoUrl: undefined, accent: undefined }

const load = (sources: Partial<TemplateSources> = {}) =>
  loadTemplates({
    folder,
    bodies: {},
    subjects: {},
    siteUrl: 'https://app.example.org',
    defaultLanguage: 'en',
    brand: BRAND,
    fetchText: async (url) => {
      throw new Error(`nobody is at ${url}`)
    },
    ...sources,
  })

const VALUES: JsonObject = {
  SiteURL: 'https://app.example.org',
  ConfirmationURL: 'https://auth.example.org/verify?token=abc&type=signup&redirect_to=myapp://x',
  Email: 'ada@example.org',
  NewEmail: 'new@example.org',
  SendingTo: 'ada@example.org',
  OldEmail: 'old@example.org',
  Phone: '4915550001',
  OldPhone: '4915550002',
  Provider: 'github',
  FactorType: 'totp',
  Token: '012345',
  TokenHash: 'abc',
  RedirectTo: 'myapp://x',
  Data: { name: 'Ada <evil.com>' },
}
const LINK = 'https://auth.example.org/verify?token=abc&type=signup&redirect_to=myapp://x'
const LINK_TEMPLATES: MailTemplate[] = ['confirmation', 'invite', 'recovery', 'magic_link', 'email_change']

const errors = (problems: { severity: string; message: string }[]) =>
  problems.map(({ severity, message }) => `${severity}: ${message.replaceAll(`${folder}/`, '')}`)

test('English subjects equal those of GoTrue', async () => {
  const { templates, problems } = await load()
  expect(problems).toEqual([])
  const subjects = MAIL_TEMPLATES.map((each) => [each, templates.render(each, VALUES, []).subject])
  expect(Object.fromEntries(subjects)).toEqual({
    confirmation: 'Confirm your email address',
    invite: "You've been invited",
    recovery: 'Reset your password',
    magic_link: 'Your sign-in link',
    email_change: 'Confirm your new email address',
    reauthentication: '012345 is your verification code',
    password_changed_notification: 'Your password was changed',
    email_changed_notification: 'Your email address was changed',
    phone_changed_notification: 'Your phone number was changed',
    identity_linked_notification: 'A new sign-in method was linked to your account',
    identity_unlinked_notification: 'A sign-in method was removed from your account',
    mfa_factor_enrolled_notification: 'A new verification method was added to your account',
    mfa_factor_unenrolled_notification: 'A verification method was removed from your account',
    new_device_notification: 'New sign-in to your account',
    account_exists: 'You already have an account',
    email_change_notice: 'Your email address is about to change',
  })
})

test.each(BUILT_IN_LANGUAGES)(
  'the mails in %s contain the link once, the code separately, and no other values',
  async (language) => {
    const { templates } = await load()
    for (const template of MAIL_TEMPLATES) {
      const { subject, html, text } = templates.render(template, VALUES, [language])
      const links = [...html.matchAll(/<a\s[^>]*href="([^"]*)"[^>]*>(.*?)<\/a>/gs)]
      const urls = text.match(/\w+:\/\/\S+/g) ?? []
      const asksForClick = LINK_TEMPLATES.includes(template)
      const isLink = asksForClick || template === 'new_device_notification'
      const href = isLink ? LINK.replaceAll('&', '&amp;') : 'https://app.example.org'
      const hasLink = isLink || template === 'account_exists'
      expect([template, links.map(([, to]) => to)]).toEqual([template, hasLink ? [href] : []])
      expect([template, urls]).toEqual([template, hasLink ? [isLink ? LINK : 'https://app.example.org'] : []])
      const hasCode = asksForClick || template === 'reauthentication'
      const apart = html.replace(/<a\s.*?<\/a>/gs, '').replace(/<[^>]*>/g, ' ')
      expect([template, apart.includes(' 012345 '), /^012345$/m.test(text)]).toEqual([template, hasCode, hasCode])
      for (const part of [subject, html, text])
        expect([template, part]).toEqual([template, expect.not.stringMatching(/\{\{|evil|undefined/)])
      expect(html).toContain(`<html lang="${language}">`)
      expect(html).not.toMatch(/<img|@import|url\(|src=/)
      expect([template, subject.trim() === '' || subject.includes('\n')]).toEqual([template, false])
    }
  },
)

test('each language has its own texts and uses only fields that exist', () => {
  for (const template of MAIL_TEMPLATES) {
    const sources = BUILT_IN_LANGUAGES.map((language) => builtInSource(template, language, BRAND))
    expect([template, new Set(sources.map(({ subject }) => subject)).size]).toEqual([
      template,
      BUILT_IN_LANGUAGES.length,
    ])
    for (const { subject, html, text } of sources) {
      const parsed = [parseTemplate(subject, 'text'), parseTemplate(html, 'html'), parseTemplate(text, 'text')]
      const names = parsed.flatMap(({ fields }) => [...fields.keys()])
      expect(names.filter((name) => name === 'Data' || !TEMPLATE_FIELDS.some((each) => each === name))).toEqual([])
    }
  }
})

test('a mail uses the first supported language of its recipient', async () => {
  const { templates } = await load({ defaultLanguage: 'fr-CA' })
  const subject = (...languages: string[]) => templates.render('recovery', VALUES, languages).subject
  expect(subject('de-AT')).toBe('Setzen Sie Ihr Passwort zurück')
  expect(subject('sv', 'pt_BR', 'de')).toBe('Redefina a sua senha')
  for (const unknown of [[], ['sv'], ['constructor', '__proto__', '', '-']])
    expect(subject(...unknown)).toBe('Réinitialisez votre mot de passe')
  const elsewhere = await load({ defaultLanguage: 'sv' })
  expect(elsewhere.templates.render('recovery', VALUES, []).subject).toBe('Reset your password')
})

test('template files take precedence, and those of a language over the general one', async () => {
  write('invite.html', '<p>Hello {{ .Token }}</p>')
  write('invite.de.html', '<p>Hallo {{ .Token }}</p>')
  write('magic-link.pt-BR.html', '<p>Olá {{ .Token }}</p>')
  write('confirm.txt', 'Text {{ .Token }}')
  write('confirm.html', 'HTML {{ .Token }}')
  write('notes.md', 'not a template')
  write('.#invite.html', 'of an editor')
  const { templates, problems } = await load()
  expect(problems).toEqual([])
  const html = (template: MailTemplate, ...languages: string[]) => templates.render(template, VALUES, languages).html
  expect(html('invite', 'de-CH')).toBe('<p>Hallo 012345</p>')
  expect(html('invite', 'fr', 'de')).toBe('<p>Hallo 012345</p>')
  expect(html('invite', 'fr')).toBe('<p>Hello 012345</p>')
  expect(html('magic_link', 'pt-BR')).toBe('<p>Olá 012345</p>')
  expect(html('magic_link', 'pt')).toContain('lang="pt"')
  expect(html('magic_link')).toContain('lang="en"')
  expect(templates.render('confirmation', VALUES, ['de'])).toEqual({
    subject: 'Confirm your email address',
    html: 'HTML 012345',
    text: 'Text 012345',
  })
})

test('a file in the default language is the last resort', async () => {
  write('invite.sv.html', 'Hej {{ .Token }}')
  const { templates } = await load({ defaultLanguage: 'sv' })
  expect(templates.render('invite', VALUES, ['da']).html).toBe('Hej 012345')
  expect(templates.render('invite', VALUES, ['de']).html).toContain('lang="de"')
})

test('the subject comes from the file, then the setting, then the built-in texts', async () => {
  write('invite.html', '<!-- subject: Welcome {{ .Email }} & all -->\n<p>{{ .Token }}</p>')
  write('recovery.html', '<p>{{ .Token }}</p>')
  write('recovery.txt', 'Subject: Of the text\n\n{{ .Token }}')
  write('magic_link.html', '<p>{{ .Token }}</p>')
  write('confirmation.de.html', '<p>{{ .Token }}</p>')
  const { templates, problems } = await load({
    subjects: { invite: 'Of the setting', magic_link: 'Of\n {{ .Email }}' },
  })
  expect(problems).toEqual([])
  expect(templates.render('invite', VALUES, ['de'])).toMatchObject({
    subject: 'Welcome ada@example.org & all',
    html: '<p>012345</p>',
  })
  expect(templates.render('recovery', VALUES, [])).toMatchObject({ subject: 'Of the text', text: '012345' })
  for (const languages of [[], ['de']])
    expect(templates.render('magic_link', VALUES, languages).subject).toBe('Of ada@example.org')
  expect(templates.render('confirmation', VALUES, ['de']).subject).toBe('Bestätigen Sie Ihre E-Mail-Adresse')
  const all = await load({ subjects: { email_change: 'Of the setting' }, folder: undefined })
  expect(all.templates.render('email_change', VALUES, ['de'])).toMatchObject({
    subject: 'Of the setting',
    html: expect.stringContaining('lang="de"'),
  })
})

test('a subject is one line, whatever its values contain', async () => {
  const { templates } = await load({ subjects: { invite: 'Hi {{ .Data.name }} <{{ .Email }}>' } })
  const values = { ...VALUES, Data: { name: 'a\r\nBcc: x@evil.com' }, Email: 'a@b.c\n\nbody' }
  expect(templates.render('invite', values, []).subject).toBe('Hi a  Bcc:\u200b x@evil.\u200bcom <a@b.c  body>')
})

test('the text part is generated from the HTML if there is none', async () => {
  write(
    'invite.html',
    `<style>p{}</style><h1>Hello</h1><p>Come &amp; <a href="{{ .ConfirmationURL }}">join us</a></p><img src="https://x.y/z.png">
<p>{{ .Data.name }}</p><a href="{{ .SiteURL }}">{{ .SiteURL }}</a>`,
  )
  const { templates } = await load()
  expect(templates.render('invite', VALUES, []).text).toBe(
    `Hello\n\nCome & join us ${LINK}\n\nAda <evil.\u200bcom>\n\nhttps://app.example.org\n`,
  )
})

test.each([
  ['confirmation.html', '<p>\n{{ rang .X }}', 'confirmation.html: line 2: unknown action "rang"'],
  [
    'invite.html',
    '\n\n{{ .ConfirmationUrl }}',
    'invite.html: line 3: there is no field .ConfirmationUrl; did you mean .ConfirmationURL?',
  ],
  [
    'invite.html',
    '{{ .Token }}{{ $.Whatever }}',
    'invite.html: line 1: there is no field .Whatever; the fields are .SiteURL, .ConfirmationURL, .Email',
  ],
  [
    'recovery.html',
    '<!doctype html><div id="root"></div>',
    'recovery.html: it contains neither .ConfirmationURL nor .Token nor .TokenHash; a mail without it is useless',
  ],
  [
    'reauthentication.html',
    '{{ .Email }}',
    'reauthentication.html: it contains no .Token; a mail without it is useless',
  ],
  [
    'invite.html',
    '<!-- subject: {{ .email }} -->\n{{ .Token }}',
    'invite.html: line 1: there is no field .email; did you mean .Email?',
  ],
  [
    'invite.html',
    '<!-- subject: x -->\n<a onclick="{{ .Token }}">',
    'invite.html: line 2: a value cannot be written inside the attribute onclick',
  ],
  ['confrimation.html', '{{ .Token }}', 'confrimation.html is not a mail template; did you mean confirmation.html?'],
  ['layout.html', '', 'layout.html is not a mail template; the templates are confirmation, invite'],
  ['invite.deutsch!.html', '{{ .Token }}', 'invite.deutsch!.html has no valid language tag; name it invite.de.html'],
  ['invite.txt', '{{ .Token }}', 'invite.txt has no .html file beside it; a mail needs both'],
])('%s with %p is an error', async (name, text, message) => {
  write(name, text)
  const { templates, problems } = await load()
  expect(errors(problems)).toEqual([expect.stringContaining(`error: ${message}`)])
  for (const template of MAIL_TEMPLATES) expect(templates.render(template, VALUES, []).html).toContain('lang="en"')
})

test('two files for the same part of a mail are an error', async () => {
  write('confirm.html', 'one {{ .Token }}')
  write('confirmation.html', 'two {{ .Token }}')
  expect(errors((await load()).problems)).toEqual([
    'error: confirmation.html is the same template as confirm.html; remove one of them',
  ])
})

test('a setting is the text itself, a path, or an address', async () => {
  const path = write('elsewhere.tmpl', 'Of a file {{ .Token }}')
  const asked: string[] = []
  const { templates, problems } = await load({
    siteUrl: 'https://app.example.org/',
    bodies: {
      confirmation: '<p>Itself {{ .Token }}</p>',
      invite: '{{ .Token }}',
      recovery: path,
      magic_link: 'https://mail.example.org/link',
      email_change: '/mails/change.html',
      account_exists: '',
    },
    fetchText: async (url) => {
      asked.push(url)
      return 'Of the web {{ .Token }}'
    },
  })
  expect(problems).toEqual([])
  const html = (template: MailTemplate) => templates.render(template, VALUES, ['de']).html
  expect(html('confirmation')).toBe('<p>Itself 012345</p>')
  expect(html('invite')).toBe('012345')
  expect(html('recovery')).toBe('Of a file 012345')
  expect(html('magic_link')).toBe('Of the web 012345')
  expect(asked).toEqual(['https://mail.example.org/link', 'https://app.example.org/mails/change.html'])
  expect(html('account_exists')).toContain('lang="de"')
})

test('a setting wins over the file for all languages, not over those for one', async () => {
  write('invite.html', 'Of the folder {{ .Token }}')
  write('invite.de.html', 'Auf Deutsch {{ .Token }}')
  const { templates, problems } = await load({ bodies: { invite: 'Of the setting {{ .Token }}' } })
  expect(errors(problems)).toEqual(['warning: invite.html is not used, because AUTH_MAILER_TEMPLATES_INVITE is set'])
  expect(templates.render('invite', VALUES, ['fr']).html).toBe('Of the setting 012345')
  expect(templates.render('invite', VALUES, ['de']).html).toBe('Auf Deutsch 012345')
})

test('problems with a setting name the setting', async () => {
  const path = write('broken.tmpl', '\n{{ if .Token }}')
  const { templates, problems } = await load({
    bodies: {
      confirmation: 'mails/confirm.html',
      invite: '<p>\n{{ .Tokn }}</p>',
      recovery: path,
      magic_link: 'https://mail.example.org/link',
      email_change: '/change.html',
      reauthentication: 'https://app.example.org/broken',
    },
    subjects: { invite: 'Hi {{ .Name }}', recovery: '{{ if .Email }}' },
    fetchText: async (url) => {
      if (url.endsWith('/broken')) return '<html><body>our single-page application</body></html>'
      throw new Error('it responded with 404')
    },
  })
  expect(errors(problems)).toEqual([
    expect.stringContaining('error: AUTH_MAILER_SUBJECTS_INVITE: line 1: there is no field .Name'),
    'error: AUTH_MAILER_SUBJECTS_RECOVERY: line 1: "if" is not closed with {{ end }}',
    'error: AUTH_MAILER_TEMPLATES_CONFIRMATION is mails/confirm.html, which is not a file; give a file path, an http(s) URL, or the HTML itself',
    'error: AUTH_MAILER_TEMPLATES_INVITE: line 2: there is no field .Tokn; did you mean .Token?',
    'error: AUTH_MAILER_TEMPLATES_RECOVERY (broken.tmpl): line 2: "if" is not closed with {{ end }}',
    'warning: AUTH_MAILER_TEMPLATES_MAGIC_LINK cannot be read: it responded with 404; the built-in mail is used until it can',
    'warning: AUTH_MAILER_TEMPLATES_EMAIL_CHANGE (no such file, so https://app.example.org/change.html) cannot be read: it responded with 404; the built-in mail is used until it can',
    'error: AUTH_MAILER_TEMPLATES_REAUTHENTICATION: it contains no .Token; a mail without it is useless',
  ])
  for (const template of MAIL_TEMPLATES) expect(templates.render(template, VALUES, []).html).toContain('lang="en"')
})

test('a changed file is reloaded, and if it is broken, the last valid version stays in use', async () => {
  write('invite.html', 'one {{ .Token }}', 1)
  const { templates, refresh } = await load()
  const html = () => templates.render('invite', VALUES, []).html
  write('invite.html', 'two {{ .Token }}', 2)
  expect(html()).toBe('one 012345')
  expect(await refresh()).toEqual([])
  expect(html()).toBe('two 012345')

  write('invite.html', 'six {{ .Tokem }}', 3)
  expect(await refresh()).toEqual([`${folder}/invite.html: line 1: there is no field .Tokem; did you mean .Token?`])
  expect(await refresh()).toEqual([]) // said once
  expect(html()).toBe('two 012345')
  write('invite.html', 'ten {{ .Token }}', 4)
  expect(await refresh()).toEqual([])
  expect(html()).toBe('ten 012345')

  rmSync(join(folder, 'invite.html'))
  write('recovery.de.html', 'neu {{ .Token }}')
  write('recovry.html', '')
  expect(await refresh()).toEqual([`${folder}/recovry.html is not a mail template; did you mean recovery.html?`])
  expect(html()).toContain('lang="en"')
  expect(templates.render('recovery', VALUES, ['de']).html).toBe('neu 012345')
})

test('a folder may be created later, and a file named by a setting may be removed', async () => {
  const path = write('own.tmpl', 'mine {{ .Token }}')
  const later = join(folder, 'later')
  const { templates, problems, refresh } = await load({ folder: later, bodies: { recovery: path } })
  expect(problems).toEqual([])
  mkdirSync(later)
  writeFileSync(join(later, 'invite.html'), 'later {{ .Token }}')
  rmSync(path)
  expect(await refresh()).toEqual([expect.stringContaining('AUTH_MAILER_TEMPLATES_RECOVERY')])
  expect(templates.render('invite', VALUES, []).html).toBe('later 012345')
  expect(templates.render('recovery', VALUES, []).html).toBe('mine 012345')
  write('own.tmpl', 'mine {{ .Token }}')
  expect(await refresh()).toEqual([])
  rmSync(path)
  expect(await refresh()).toHaveLength(1)
})

test('a folder that cannot be read is an error', async () => {
  const path = write('file', '')
  const { problems } = await load({ folder: path })
  expect(errors(problems)).toEqual([expect.stringContaining('error: the mail template folder cannot be read: ')])
})

test('templates from URLs are fetched again after ten minutes, or at once after a failure', async () => {
  let now = 0
  let answer: string | Error = new Error('it answered 503')
  let asked = 0
  const { templates, problems, refresh } = await load({
    bodies: { invite: 'https://mail.example.org/invite' },
    now: () => now,
    fetchText: async () => {
      asked++
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  const html = () => templates.render('invite', VALUES, []).html
  expect(problems).toHaveLength(1)
  expect(html()).toContain('lang="en"')
  expect(await refresh()).toEqual([])
  answer = 'one {{ .Token }}'
  await Promise.all([refresh(), refresh()])
  expect([html(), asked]).toEqual(['one 012345', 3])

  answer = '<html>our site</html>'
  now += 599_999
  await refresh()
  expect([html(), asked]).toEqual(['one 012345', 3])
  now += 1
  expect(await refresh()).toEqual([expect.stringContaining('it contains neither .ConfirmationURL')])
  expect([html(), asked]).toEqual(['one 012345', 4])
  answer = new Error('it answered 500')
  now += 600_000
  expect(await refresh()).toEqual([
    'AUTH_MAILER_TEMPLATES_INVITE cannot be read: it answered 500; its last version is used until it can',
  ])
  answer = 'two {{ .Token }}'
  expect(await refresh()).toEqual([])
  expect(html()).toBe('two 012345')
})

test('templates from URLs are limited in size and time, and redirects to other hosts are not followed', async () => {
  const pages: Record<string, () => Response> = {
    '/ok': () => new Response('fine {{ .Token }}'),
    '/moved': () => Response.redirect('/ok', 302),
    '/away': () => Response.redirect('http://127.0.0.2:1/ok', 302),
    '/round': () => Response.redirect('/round', 302),
    '/large': () => new Response('{{ .Token }}'.padEnd(1_000_001)),
    '/gone': () => new Response('{{ .Token }}', { status: 410 }),
  }
  using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => pages[new URL(request.url).pathname]?.() ?? new Response('', { status: 404 }),
  })
  const outcome = async (path: string) => {
    const invite = `http://127.0.0.1:${server.port}${path}`
    const { templates, problems } = await load({ bodies: { invite }, fetchText: undefined })
    return problems[0]?.message ?? templates.render('invite', VALUES, []).html
  }
  expect(await outcome('/ok')).toBe('fine 012345')
  expect(await outcome('/moved')).toBe('fine 012345')
  expect(await outcome('/away')).toContain('it redirects to another host, 127.0.0.2:1')
  expect(await outcome('/round')).toContain('it redirects more than 5 times')
  expect(await outcome('/large')).toContain('it is larger than 1000000 bytes')
  expect(await outcome('/gone')).toContain('it responded with 410')
})

test('exported templates, used as a folder, change nothing', async () => {
  const plain = await load({ folder: undefined })
  for (const [name, text] of Object.entries(templatesExport(BRAND))) write(name, text)
  const { templates, problems } = await load({ defaultLanguage: 'de' })
  expect(problems).toEqual([])
  for (const template of MAIL_TEMPLATES)
    expect(templates.render(template, VALUES, ['fr'])).toEqual(plain.templates.render(template, VALUES, []))
})

test('mails and pages have the same colors', () => {
  const palette = readFileSync(join(import.meta.dir, '../../../../src/pages/palette.css'), 'utf8')
  const [light, dark] = palette
    .split('@media')
    .map((part) =>
      Object.fromEntries([...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, color]) => [name, color])),
    )
  expect({ light, dark }).toEqual(MAIL_COLORS)
})
