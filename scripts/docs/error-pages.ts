/** The generated parts of docs/errors: the answers in each page, and the index. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_AREAS } from './error-areas'
import { type Answer, answersByCode, WITHOUT_CODE } from './error-codes'
import { between, type Marks } from './marks'

export const ERRORS = 'docs/errors'
const ANSWERS: Marks = ['<!-- answers: printed by `npm run docs` -->', '<!-- end of answers -->']
const INDEX: Marks = ['<!-- index: printed by `npm run docs` -->', '<!-- end of index -->']
const WITHOUT: Marks = ['<!-- without code: printed by `npm run docs` -->', '<!-- end of without code -->']

/** The pages with the content that they should have, by path. A code without a page has the generated part only. */
export function printErrorPages(root: string): Record<string, string> {
  const answers = answersByCode()
  const pages: Record<string, string> = {}
  for (const [code, some] of answers) {
    if (code === WITHOUT_CODE) continue
    const path = `${ERRORS}/${code}.md`
    const text = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : `# \`${code}\`\n\n`
    pages[path] = between(text, ANSWERS, printAnswers(some))
  }
  const index = `${ERRORS}/README.md`
  const withIndex = between(readFileSync(join(root, index), 'utf8'), INDEX, printIndex(answers, pages))
  return { ...pages, [index]: between(withIndex, WITHOUT, printAnswers(answers.get(WITHOUT_CODE) ?? [])) }
}

/** What is wrong with the set of pages: codes and pages that do not match, and codes in no area, or in two. */
export function errorPageProblems(root: string): string[] {
  const codes = new Set([...answersByCode().keys()].filter((code) => code !== WITHOUT_CODE))
  const listed = Object.values(ERROR_AREAS).flat()
  const pages = readdirSync(join(root, ERRORS)).filter((name) => name !== 'README.md')
  return [
    ...[...codes].filter((code) => !pages.includes(`${code}.md`)).map((code) => `${code} has no page in ${ERRORS}`),
    ...pages
      .filter((page) => !codes.has(page.replace(/\.md$/, '')))
      .map((page) => `no API answers the code of ${page}`),
    ...[...codes].filter((code) => !listed.includes(code)).map((code) => `${code} is in no area of the index`),
    ...listed.filter((code) => !codes.has(code)).map((code) => `no API answers ${code}, which the index lists`),
    ...listed.filter((code, at) => listed.indexOf(code) !== at).map((code) => `the index lists ${code} twice`),
  ]
}

const DEPENDS = '*depends on the request*'

function printAnswers(answers: readonly Answer[]): string {
  const rows = answers.map(
    ({ api, status, message }) =>
      `| ${api} | ${status ?? 'of the hook'} | ${message === '' ? DEPENDS : cell(message)} |`,
  )
  return ['| API | Status | Message |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Text in a table of Markdown. */
const cell = (text: string) => text.replace(/[|<*\\]/g, (character) => `\\${character}`)

function printIndex(answers: Map<string, Answer[]>, pages: Record<string, string>): string {
  const chapters = Object.entries(ERROR_AREAS).map(([area, codes]) => {
    const rows = codes.map((code) => {
      const apis = [...new Set((answers.get(code) ?? []).map(({ api }) => api))].join(', ')
      return `| [\`${code}\`](${code}.md) | ${summaryOf(pages[`${ERRORS}/${code}.md`] ?? '')} | ${apis} |`
    })
    return [`## ${area}`, '', '| Code | Meaning | APIs |', '| --- | --- | --- |', ...rows].join('\n')
  })
  return chapters.join('\n\n')
}

/** The first sentence below the title. */
const summaryOf = (page: string): string =>
  /^.*?\.(?= |$)/.exec((page.split('\n\n')[1] ?? '').replaceAll('\n', ' '))?.[0] ?? ''
