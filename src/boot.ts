// Imported before everything else.

// Elysia reads the mode when its module is loaded; outside production it includes request values in error responses.
// biome-ignore lint/complexity/useLiteralKeys: the bundler replaces `process.env.NODE_ENV` by its value while building
if (Bun.isStandaloneExecutable) process.env['NODE_ENV'] = 'production'

// The database, its snapshots and the secrets are readable by this user only, whatever folder they are in.
process.umask(0o077)
