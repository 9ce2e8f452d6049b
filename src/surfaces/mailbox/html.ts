/** A mail's HTML as a document of its own, wherever it is opened: without scripts, forms, cookies and an origin. */
const POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; base-uri 'none'; form-action 'none'"

/** Put in front, so that links open in a tab of their own; with the document type it brings, the mail's own is ignored. */
const HEAD = '<!doctype html><base target="_blank">'

export function htmlDocument(html: string): Response {
  return new Response(HEAD + html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
    },
  })
}
