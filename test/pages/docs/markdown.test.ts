/** Markdown as the documentation renders it. */
import { expect, test } from 'bun:test'
import { renderMarkdown } from '../../../src/pages/docs/markdown'

const render = (text: string, path = 'docs/hooks.md') => renderMarkdown(path, text)
const html = (text: string, path?: string) => render(text, path).html

test('headings have the anchors of GitHub, each once', () => {
  const { headings, title } = render(
    '# The *title* & `code`\n\n## Sign-in: "why?"\n\n## Sign-in: "why?"\n\n### `AUTH_X`\n',
  )
  expect(title).toBe('The title & code')
  expect(headings).toEqual([
    { depth: 1, id: 'the-title--code', text: 'The title & code' },
    { depth: 2, id: 'sign-in-why', text: 'Sign-in: "why?"' },
    { depth: 2, id: 'sign-in-why-1', text: 'Sign-in: "why?"' },
    { depth: 3, id: 'auth_x', text: 'AUTH_X' },
  ])
})

test('a heading links to itself, unless it contains a link', () => {
  expect(html('## A & B\n')).toBe('<h2 id="a--b"><a class="anchor" href="#a--b">A &amp; B</a></h2>\n')
  expect(html('## [A](mail.md)\n')).toBe('<h2 id="a"><a href="../docs/mail">A</a></h2>\n')
})

test.each([
  ['[a](providers.md)', '<a href="../docs/providers">a</a>'],
  ['[a](providers.md#google)', '<a href="../docs/providers#google">a</a>'],
  ['[a](README.md)', '<a href="../docs">a</a>'],
  ['[a](#own)', '<a href="#own">a</a>'],
  ['[a](monitoring/alerts.yml)', '<a href="../docs/monitoring/alerts.yml">a</a>'],
  ['[a](../packaging/Caddyfile)', '<a href="../docs/files/packaging/Caddyfile">a</a>'],
  ['[a](../SECURITY.md#x)', '<a href="../docs/files/SECURITY#x">a</a>'],
  ['[a](../openapi.json)', '<a href="../openapi.json">a</a>'],
  ['[a](https://example.com/?a=1&b=2)', '<a href="https://example.com/?a=1&amp;b=2">a</a>'],
  ['[a](/dashboard)', '<a href="../dashboard">a</a>'],
  ['[a](//example.com/x)', '<a href="//example.com/x">a</a>'],
  // Not served: a folder, a file that no page links to, and one outside the repository.
  ['[`examples/`](../examples)', '<code>examples/</code>'],
  ['[examples/none](../examples/none)', '<code>examples/none</code>'],
  ['[a](../package.json)', 'a'],
  ['[a](../../../etc/passwd)', 'a'],
])('%s', (markdown, expected) => {
  expect(html(markdown)).toBe(`<p>${expected}</p>\n`)
})

test('links are resolved from the folder of the page', () => {
  expect(html('[a](../mail.md)', 'docs/errors/any.md')).toContain('href="../../docs/mail"')
  expect(html('[a](docs/mail.md)', 'SECURITY.md')).toContain('href="../../docs/mail"')
})

test('code is escaped, and comments for authors are left out', () => {
  const rendered = html('<!-- not run: because -->\n\n```sh\necho "<b>" && x\n```\n\n`<i>` and `AUTH_X`\n')
  expect(rendered).not.toMatch(/<!--|<b>|<i>/)
  expect(rendered).toContain('<code class="language-sh">echo &quot;&lt;b&gt;&quot; &amp;&amp; x\n</code>')
  expect(rendered).toContain('<code>AUTH_<wbr>X</code>')
})

test('rows of tables that begin with a name have an anchor, and are found by themselves', () => {
  const { html: rendered, sections } = render(
    '# T\n\n## auth_site_url\n\n| name | b |\n| --- | ---: |\n| `AUTH_SITE_URL` | x |\n| `AUTH_PORT`<br>also `PORT` | 7020 |\n| other | y |\n',
  )
  // The heading had it first.
  expect(rendered.match(/id="auth_site_url"/g)).toHaveLength(1)
  expect(rendered).toContain('<tr id="auth_port"><td><code>AUTH_<wbr>PORT</code><br>also')
  expect(rendered).toContain('<td class="right">7020</td>')
  expect(sections.map(({ id, heading }) => [id, heading])).toEqual([
    ['', ''],
    ['auth_site_url', 'auth_site_url'],
    ['auth_port', 'AUTH_PORT'],
  ])
  expect(sections[2]?.text).toBe('AUTH_PORT also PORT · 7020')
  expect(sections[1]?.text).toContain('other · y')
})

test('the text of a section has paragraphs, lists, quotations and code', () => {
  const { sections } = render('# T\n\nbefore\n\n## A\n\none *two*\n\n- three\n  - four\n\n> five\n\n```sh\nsix\n```\n')
  expect(sections.map(({ text }) => text.split(/\s+/).join(' ').trim())).toEqual([
    'before',
    'one two three four five six',
  ])
})
