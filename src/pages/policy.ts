/**
 * The Content Security Policy of a page with own scripts and styles: nothing from elsewhere, no inline script or style,
 * no form that leaves the page, and no frame around it.
 * @param further directives, such as `img-src 'self'`
 */
export const pagePolicy = (...further: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    ...further,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
