/** All tables and columns, as created by `migrations/`, where the columns are documented. */
export * from './accounts'
export * from './activity'
export * from './events'
export * from './factors'
export * from './providers'
export * from './server'
export * from './sessions'
export * from './verification'
