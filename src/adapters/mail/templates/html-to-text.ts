/** Generates the text part of a mail whose template is HTML only. */
import { compile } from 'html-to-text'

export const htmlToText = compile({
  wordwrap: false,
  // Without U+200B, which keeps a name from becoming a link.
  whitespaceCharacters: ' \t\r\n\f',
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: false } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
})
