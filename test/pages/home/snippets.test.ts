/** The start page shows what the quick starts say, and what the examples have. */
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { snippets } from '../../../src/pages/home/snippets'

const root = join(import.meta.dir, '../../..')
const URL = 'http://localhost:7020'
const KEY = 'the publishable key'

const guided = snippets(URL, KEY).filter(({ guide }) => guide !== undefined)
const withExample = guided.filter(({ name }) => name !== 'Python')

test('the frameworks with a quick start lead to it', () => {
  expect(guided.map(({ name }) => name)).toEqual(['HTML', 'React', 'Next.js', 'SvelteKit', 'Expo', 'Python'])
  for (const { guide } of guided) expect([guide, existsSync(join(root, `docs/${guide}.md`))]).toEqual([guide, true])
})

test.each(withExample)(
  '$name: the commands are those of the quick start, and the files those of the example',
  ({ guide = '', steps }) => {
    const page = readFileSync(join(root, `docs/${guide}.md`), 'utf8')
    const example = join(root, 'examples', guide.replace('quickstarts/', ''))
    for (const { title, text } of steps) {
      if (['Create', 'Install'].includes(title))
        for (const line of text.split('\n')) expect(page).toContain(`${line}\n`)
      else if (title.startsWith('.env'))
        expect(page).toMatch(new RegExp(`^latchkey status -o env > ~/[a-z-]+/${title}$`, 'm'))
      else expect(`${text}\n`).toBe(readFileSync(join(example, title), 'utf8'))
    }
    expect(steps.some(({ title }) => existsSync(join(example, title)))).toBe(true)
  },
)
