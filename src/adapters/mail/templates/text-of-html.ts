/** The text part of a mail that is written in HTML alone. */
import { compile } from 'html-to-text'

export const textOfHtml = compile({
  wordwrap: false,
  // Without U+200B, which stands where a name must not become a link.
  whitespaceCharacters: ' \t\r\n\f',
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: false } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
})
