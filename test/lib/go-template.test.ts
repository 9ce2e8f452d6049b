import { expect, test } from 'bun:test'
import { parseTemplate } from '../../src/lib/go-template'
import type { JsonObject } from '../../src/lib/json'

const html = (source: string, values: JsonObject = {}) => parseTemplate(source, 'html').render(values)
const text = (source: string, values: JsonObject = {}) => parseTemplate(source, 'text').render(values)

const VALUES: JsonObject = {
  Email: 'ada@example.org',
  Token: '012345',
  Empty: '',
  Nothing: null,
  Data: { name: 'Ada', tags: ['a', 'b'], none: [], deep: { er: 1.5 }, yes: true, zero: 0 },
}

test.each([
  ['plain text', 'plain text'],
  ['{{.Email}}', 'ada@example.org'],
  ['{{ .Email }}', 'ada@example.org'],
  ['{{ .Data.deep.er }}', '1.5'],
  ['{{ .Data.yes }}', 'true'],
  ['{{ .Data.deep }}', '{"er":1.5}'],
  ['{{ .Nothing }}{{ .Missing }}{{ .Missing.more }}{{ .Email.more }}', ''],
  ['{{ "a\\n\\"b\\"" | len }}{{ `x"y` }}{{ 12 }}{{ -1.5 }}{{ true }}', '5x"y12-1.5true'],
  ['a {{- .Token -}} b', 'a012345b'],
  ['a {{- "" }} b', 'a b'],
  ['a {{-1}}', 'a -1'],
  ['a {{/* a comment }} */}} b {{- /* another */ -}} c', 'a  bc'],
  ['{{ if .Email }}yes{{ else }}no{{ end }}', 'yes'],
  ['{{ if .Empty }}yes{{ else }}no{{ end }}', 'no'],
  ['{{ if .Data.zero }}1{{ else if .Data.none }}2{{ else if .Data.yes }}3{{ else }}4{{ end }}', '3'],
  ['{{ if .Missing }}1{{ end }}', ''],
  ['{{ with .Data.deep }}{{ .er }}{{ $.Token }}{{ else }}none{{ end }}', '1.5012345'],
  ['{{ with .Data.none }}some{{ else }}none of {{ .Email }}{{ end }}', 'none of ada@example.org'],
  ['{{ range .Data.tags }}[{{ . }}]{{ end }}', '[a][b]'],
  ['{{ range .Data.none }}some{{ else }}none{{ end }}{{ range .Email }}x{{ else }}no list{{ end }}', 'noneno list'],
  ['{{ if eq .Token "x" "012345" }}one of them{{ end }}', 'one of them'],
  ['{{ if ne .Token "012345" }}other{{ else }}same{{ end }}', 'same'],
  ['{{ eq .Data.deep.er 1.5 }} {{ eq 1 "1" }}', 'true false'],
  ['{{ if and .Email (not .Empty) }}both{{ end }}', 'both'],
  ['{{ or .Empty .Missing "default" }}', 'default'],
  ['{{ index .Data "tags" 1 }}{{ index .Data.tags 7 }}{{ index .Data "tags" "length" }}', 'b'],
  ['{{ len .Data.tags }} {{ len "é" }} {{ len .Missing }}', '2 2 0'],
  ['{{ "a b&c+d/é" | urlquery }}', 'a+b%26c%2Bd%2F%C3%A9'],
  ['{{ print "a" 1 2 "b" }}', 'a1 2b'],
  ['{{ .Email | print "to " | len }}', '18'],
  ['{{ "<b>" | html }}', '&lt;b&gt;'],
  ['{{ if .Email\n}}over two lines{{ end }}', 'over two lines'],
  ['}} is text, { too', '}} is text, { too'],
])('%p', (source, expected) => expect(text(source, VALUES)).toBe(expected))

test.each([
  ['\n\n\n\n\n\n{{ rang .X }}', 'line 7: unknown action "rang"'],
  ['{{ template "x" }}', 'line 1: unknown action "template"'],
  ['{{ constructor }}', 'line 1: unknown action "constructor"'],
  ['a\n{{ .X | shout }}', 'line 2: unknown function "shout"'],
  ['a\n{{ if .X }}\nb', 'line 2: "if" is not closed with {{ end }}'],
  ['{{ if .X }}{{ range .Y }}{{ end }}', 'line 1: "if" is not closed with {{ end }}'],
  ['a\nb{{ end }}', 'line 2: "end" without a block'],
  ['{{ else }}', 'line 1: "else" without a block'],
  ['{{ if .X }}{{ else }}\n{{ else }}{{ end }}', 'line 2: a second "else" of "if"'],
  ['{{ with .X }}{{ else with .Y }}{{ end }}', 'line 1: unexpected "with" behind "else"'],
  ['{{ if .X }}{{ end if }}', 'line 1: unexpected "if" behind "end"'],
  ['\nHello {{ .Email', 'line 2: an action is not closed with }}'],
  ['Hello {{ .Email }, bye', 'line 1: unexpected "}" in an action; is its }} missing?'],
  ['{{ .Data.first-name }}', 'line 1: unexpected "-" in an action; is its }} missing?'],
  ['{{\n"open }}', 'line 2: a string is not closed, or holds an unknown escape'],
  ['{{ /* open }}', 'line 1: unexpected "/" in an action; is its }} missing?'],
  ['{{ /* x */ .Email }}', 'line 1: a comment must be closed with */}}'],
  ['{{ $name := .Email }}', 'line 1: variables are not supported'],
  ['{{ }}', 'line 1: a value is missing'],
  ['{{ if }}{{ end }}', 'line 1: a value is missing'],
  ['{{ .X | }}', 'line 1: a value is missing'],
  ['{{ .X | .Y }}', 'line 1: only a function can follow "|"'],
  ['{{ .X .Y }}', 'line 1: unexpected ".Y"'],
  ['{{ (.X }}', 'line 1: a "(" is not closed'],
  ['{{ (.X ")" }}', 'line 1: a "(" is not closed'],
  ['{{ .X) }}', 'line 1: unexpected ")"'],
  ['{{ eq .X }}', 'line 1: "eq" takes 2 or more arguments, not 1'],
  ['{{ not .X .Y }}', 'line 1: "not" takes 1 argument, not 2'],
  ['{{ len }}', 'line 1: "len" takes 1 argument, not 0'],
])('%p is refused: %s', (source, message) => expect(() => parseTemplate(source, 'text')).toThrow(message))

test('an error has its line number', () => {
  try {
    parseTemplate('\r\n{{- .A -}}\n\n{{ oops }}', 'html')
    throw new Error('it was accepted')
  } catch (error) {
    expect(error).toMatchObject({ line: 4, message: 'line 4: unknown action "oops"' })
  }
})

test('only own properties are accessible', () => {
  for (const source of [
    '{{ .constructor.name }}',
    '{{ .Data.__proto__ }}',
    '{{ .Data.toString }}',
    '{{ .Data.tags.length }}',
    '{{ .Email.length }}',
    '{{ index .Data "constructor" "name" }}',
    '{{ with .Data }}{{ .hasOwnProperty }}{{ end }}',
  ])
    expect([source, text(source, VALUES)]).toEqual([source, ''])
  const named = JSON.parse('{"Data":{"__proto__":{"x":1}}}')
  expect(text('{{ .Data.__proto__.x }}', named)).toBe('1')
})

test('top-level fields are listed with their lines, those inside `with` and `range` are not', () => {
  const source =
    '{{ .A.b }}\n{{ if eq .B $.C }}{{ .D }}{{ end }}{{ .A }}\n{{ with .E }}{{ .f }}{{ $.G }}{{ else }}{{ .H }}{{ end }}'
  expect([...parseTemplate(source, 'html').fields]).toEqual([
    ['A', 1],
    ['B', 2],
    ['C', 2],
    ['D', 2],
    ['E', 3],
    ['G', 3],
    ['H', 3],
  ])
})

const EVIL = `<script>alert('x')</script>"\`&{{ .Token }}`
const ESCAPED = '&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&#96;&amp;{{ .Token }}'

test('a value is not evaluated as a template', () => {
  expect(html('<p>{{ .Data.x }}</p>', { Data: { x: EVIL }, Token: '1' })).toBe(`<p>${ESCAPED}</p>`)
  expect(html('<p title="{{ .Email }}">', { Email: EVIL })).toBe(`<p title="${ESCAPED}">`)
  expect(html("<p title='{{ .Email }}'>", { Email: EVIL })).toBe(`<p title='${ESCAPED}'>`)
  expect(html('{{ .Data }}', { Data: { '<b>': '"' } })).toBe('{&#34;&lt;b&gt;&#34;:&#34;\\&#34;&#34;}')
  expect(html('{{ .Email | html }}', { Email: '<' })).toBe('&lt;')
  expect(html('{{ if .Email }}<!-- {{ .Email }} -->{{ end }}', { Email: '--><b>' })).toBe('<!-- --&gt;&lt;b&gt; -->')
  expect(html('{{ .Email }}', { Email: 'a\0b' })).toBe('a\ufffdb')
})

test('a value in an unquoted attribute stays inside it', () => {
  expect(html('<p title={{ .Email }} id=x>', { Email: 'a onclick=b\n>' })).toBe(
    '<p title=a&#32;onclick&#61;b&#10;&gt; id=x>',
  )
  expect(html('<p title={{ .Email }} id=x>', { Email: '' })).toBe('<p title=&#32; id=x>')
})

test.each([
  'https://example.org/?a=1',
  'HTTP://example.org',
  'mailto:a@b.c',
  'tel:+1',
  'sms:+1',
  '/path:with/colon',
  'path',
  '?q=a:b',
  '#a:b',
  '',
])('a link may lead to %p', (url) => {
  expect(html('<a href="{{ .Data.x }}">', { Data: { x: url } })).toBe(`<a href="${url}">`)
})

test.each([
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  ' java\tscript:alert(1)',
  '\u0001javascript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'myapp://x',
  ':x',
])('a link may not lead to %p', (url) => {
  for (const attribute of ['href', 'SRC', 'action', 'formaction', 'background'])
    expect(html(`<a ${attribute}="{{ .Data.x }}">`, { Data: { x: url } })).toBe(`<a ${attribute}="#">`)
  expect(html('<a href = {{ .Data.x }}>', { Data: { x: url } })).toBe('<a href = #>')
  expect(html('<a href="  {{ .Data.x }}">', { Data: { x: url } })).toBe('<a href="  #">')
})

test('a scheme cannot be assembled from several values', () => {
  const Data = { a: 'javascript', b: ':alert(1)', c: 'script:alert(1)' }
  expect(html('<a href="{{ .Data.a }}{{ .Data.b }}">', { Data })).toBe('<a href="javascript#">')
  expect(html('<a href="java{{ .Data.c }}">', { Data })).toBe('<a href="java#">')
  expect(html('<a href="{{ if .Data.no }}/{{ end }}{{ .Data.c }}">', { Data })).toBe('<a href="#">')
  expect(html('<a href="/{{ .Data.c }}">', { Data })).toBe('<a href="/script:alert(1)">')
})

test('URLs from the configuration may have a custom scheme, but never one that runs code', () => {
  for (const field of ['ConfirmationURL', 'SiteURL', 'RedirectTo']) {
    const link = (url: string) => html(`<a href="{{ .${field} }}">`, { [field]: url })
    expect(link('myapp://callback?a=1&b=2')).toBe('<a href="myapp://callback?a=1&amp;b=2">')
    for (const url of ['javascript:x', 'Data:x', ' vbscript:x']) expect(link(url)).toBe('<a href="#">')
    // The user's own metadata cannot borrow the name.
    expect(html(`<a href="{{ .Data.${field} }}">`, { Data: { [field]: 'myapp://x' } })).toBe('<a href="#">')
    expect(html(`{{ with .Data }}<a href="{{ .${field} }}">{{ end }}`, { Data: { [field]: 'myapp://x' } })).toBe(
      '<a href="#">',
    )
  }
  expect(html('<a href="{{ or .RedirectTo .SiteURL }}">', { SiteURL: 'myapp://' })).toBe('<a href="myapp://">')
})

test('a value in the query of a URL stays one component', () => {
  const values = { SiteURL: 'https://a.b', ConfirmationURL: 'https://c.d/?x=1&y=2', Data: { x: "a&b=c d'" } }
  expect(html('<a href="{{ .SiteURL }}/go?u={{ .ConfirmationURL }}&n={{ .Data.x }}">', values)).toBe(
    '<a href="https://a.b/go?u=https%3A%2F%2Fc.d%2F%3Fx%3D1%26y%3D2&n=a%26b%3Dc%20d%27">',
  )
  expect(html('<a href="/?u={{ .ConfirmationURL | urlquery }}">', values)).toBe(
    '<a href="/?u=https%3A%2F%2Fc.d%2F%3Fx%3D1%26y%3D2">',
  )
  expect(html('<a href="/?u={{ print (.SiteURL | urlquery) .Data.x }}">', values)).not.toContain('&')
})

test('a style accepts plain values only', () => {
  const styled = (x: string) => html('<p style="color: {{ .Data.x }}">', { Data: { x } })
  expect(styled('#ff0000')).toBe('<p style="color: #ff0000">')
  expect(styled('red; background: url(https://evil.example)')).toBe('<p style="color: ">')
})

test.each([
  ['<script>\nvar x = "{{ .X }}"</script>', 'line 2: a value cannot be written inside <script>'],
  ['<STYLE>{{ .X }}</STYLE>', 'line 1: a value cannot be written inside <style>'],
  ['<style>a{}</style >\n<script></script>\n<script>{{ .X }}', 'line 3: a value cannot be written inside <script>'],
  ['<a onclick="x({{ .X }})">', 'line 1: a value cannot be written inside the attribute onclick'],
  ['<a OnClick={{ .X }}>', 'line 1: a value cannot be written inside the attribute onclick'],
  ['<iframe srcdoc="{{ .X }}">', 'line 1: a value cannot be written inside the attribute srcdoc'],
  ['<{{ .X }}>', 'line 1: a value in a tag can only stand in the value of an attribute'],
  ['<p {{ .X }}>', 'line 1: a value in a tag can only stand in the value of an attribute'],
  ['<p class="x"{{ .X }}>', 'line 1: a value in a tag can only stand in the value of an attribute'],
  ['<p data-{{ .X }}="x">', 'line 1: a value in a tag can only stand in the value of an attribute'],
  ['<!doctype {{ .X }}>', 'line 1: a value cannot be written inside <!…>'],
  ['<a href="javascript:go({{ .X }})">', 'line 1: a value cannot be written inside a script'],
  ['\n<p title="{{ .X }}>text', 'line 2: the text ends inside a tag or a comment'],
  ['\n{{ if .X }}<p title="{{ else }}<p>{{ end }}', 'line 2: the branches of "if" end in different HTML contexts'],
  ['{{ range .X }}<p title="{{ end }}">', 'line 1: the branches of "range" end in different HTML contexts'],
])('%p is refused in HTML: %s', (source, message) => {
  expect(() => parseTemplate(source, 'html')).toThrow(message)
  expect(() => parseTemplate(source, 'text')).not.toThrow()
})

test('HTML as used in mails is parsed', () => {
  const source = `<!doctype html><!-- it's "quoted" > here -->
<style>p { content: "</p>" } a > b { }</style>
<!--[if mso]><v:roundrect href="{{ .X }}"><![endif]--><!--[if !mso]><!--><a href='{{ .X }}'><!--<![endif]-->
1 < 2 and 3 <4 {{ .X }}<br/><input {{ if .X }}disabled{{ end }} value={{ .X }}><img alt=">" src="x">
<p class="a {{ if .X }}b{{ else }}c{{ end }}">{{ .X }}</p><title>{{ .X }}</title>`
  const rendered = html(source, { X: 'javascript:"' })
  expect(rendered).not.toContain('javascript:"')
  expect(rendered.match(/href=["']#/g)).toHaveLength(2)
  expect(rendered.match(/javascript:&#34;/g)).toHaveLength(4)
})

test('values that users choose do not become links', () => {
  const shown = (x: string) => html('<p>{{ .Data.x }}</p>', { Data: { x } }).slice(3, -4)
  expect(shown('https://evil.example/a')).toBe('https:\u200b/\u200b/\u200bevil.\u200bexample/\u200ba')
  expect(shown('www.evil')).toBe('www.\u200bevil')
  expect(shown('Win now at evil.com!')).toBe('Win now at evil.\u200bcom!')
  expect(shown('💩.la')).toBe('💩.\u200bla')
  expect(shown('evil。com')).toBe('evil。\u200bcom')
  for (const name of ['Ada Lovelace', 'J. R. R. Tolkien', 'a/b', '10:30', 'v1.5']) expect(shown(name)).toBe(name)
})

test('they are recognized however the template reaches them', () => {
  const values = { Data: { x: 'evil.com', list: ['evil.com'] }, Email: 'ada@example.org' }
  const defanged = 'evil.\u200bcom'
  for (const source of [
    '{{ $.Data.x }}',
    '{{ with .Data }}{{ .x }}{{ end }}',
    '{{ with .Data.x }}{{ . }}{{ end }}',
    '{{ with $ }}{{ .Data.x }}{{ end }}',
    '{{ range .Data.list }}{{ . }}{{ end }}',
    '{{ index . "Data" "x" }}',
    '{{ or .Nothing .Data.x }}',
    '{{ print .Data.x }}',
    '{{ .Data.x | html }}',
    '{{ (.Data.x) }}',
    '{{ .Data }}',
    '{{ . }}',
  ]) {
    expect([source, html(source, values).includes(defanged)]).toEqual([source, true])
    expect([source, text(source, values).includes(defanged)]).toEqual([source, true])
  }
  expect(html('{{ .Email }}', values)).toBe('ada@example.org')
  expect(html('<a href="{{ .Data.u }}">', { Data: { u: 'https://a.b' } })).toBe('<a href="https://a.b">')
})

test('in plain text a value stays on its line', () => {
  expect(text('{{ .Data.x }}\n', { Data: { x: 'a\r\nBcc: b\0c\u2028d' } })).toBe('a  Bcc: b c d\n')
  expect(text('{{ .Email }}', { Email: `"<&'` })).toBe(`"<&'`)
})
