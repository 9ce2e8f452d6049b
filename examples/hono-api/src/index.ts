import { serve } from '@hono/node-server'
import { createApp } from './app.ts'
import { env } from './env.ts'

serve({ fetch: createApp(env).fetch, port: env.port }, ({ port }) => console.log(`API at http://localhost:${port}`))
