/** axe-core on a page in a browser. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import type { Json } from './app'

/** The violations that axe-core finds (WCAG 2.2 A and AA, and its best practices). */
export async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate('Boolean(window.axe)'))) await page.evaluate(axe.source)
  const { violations: found } = (await page.evaluate('axe.run(document)')) as Json
  return found.map(
    ({ id, nodes }: Json) =>
      `${id}: ${nodes.map(({ html, failureSummary }: Json) => `${html} ${failureSummary}`).join(' | ')}`,
  )
}
