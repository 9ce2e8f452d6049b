/** A mail's HTML as a document of its own: without scripts, forms, cookies and origin. */
const POLICY =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; base-uri 'none'; form-action 'none'"

/** Prepended, so that links open in a new tab; it brings its own doctype, so the mail's is ignored. */
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
