/** Every table and column, as `migrations/` makes them; the comments on what a column holds are there. */
export * from './accounts'
export * from './factors'
export * from './providers'
export * from './server'
export * from './sessions'
export * from './verification'
