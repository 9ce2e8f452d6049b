/** docs/limits.md: every limit, lifetime and retention, from the constants and settings that the server uses. */
import { printLifetimes } from './lifetimes'
import { printRates } from './rates'
import { printRetention } from './retention'
import { printSizes } from './sizes'

/** @returns the chapters, in Markdown */
export const printLimits = (): string =>
  [
    `## Lifetimes\n\n${printLifetimes()}`,
    `## Rate limits\n\n${printRates()}`,
    `## Sizes\n\n${printSizes()}`,
    `## Retention\n\n${printRetention()}`,
  ].join('\n\n')
