/** Files embedded in the executable as text. */
declare module '*.sql' {
  const text: string
  export default text
}

declare module '*.html' {
  const text: string
  export default text
}

declare module '*.css' {
  const text: string
  export default text
}

declare module '*/snippets.txt' {
  const text: string
  export default text
}

declare module '*.svg.txt' {
  const text: string
  export default text
}

declare module '*.js.txt' {
  const text: string
  export default text
}

/** Scripts of pages, and the libraries that they load. */
declare module './client/*.js' {
  const text: string
  export default text
}

declare module '*/node_modules/htm/dist/htm.module.js' {
  const text: string
  export default text
}

declare module '*.mjs' {
  const text: string
  export default text
}

/** A file embedded in the executable; the value is its path there. */
declare module 'swagger-ui-dist/*' {
  const path: string
  export default path
}
