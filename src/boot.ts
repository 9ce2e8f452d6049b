// Imported before everything else.

// Elysia asks for the mode when its module is loaded, and in any other mode it tells clients what it found in requests.
// biome-ignore lint/complexity/useLiteralKeys: the bundler replaces `process.env.NODE_ENV` by its value while building
if (Bun.isStandaloneExecutable) process.env['NODE_ENV'] = 'production'

// The database, its copies and the secrets are nobody else's to read, whatever folder they are in.
process.umask(0o077)
