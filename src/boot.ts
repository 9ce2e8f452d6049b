// Imported before everything else: Elysia asks for the mode when its module is loaded, and in any other mode it tells
// clients what it found in their requests.
// biome-ignore lint/complexity/useLiteralKeys: the bundler replaces `process.env.NODE_ENV` by its value while building
if (Bun.isStandaloneExecutable) process.env['NODE_ENV'] ??= 'production'
