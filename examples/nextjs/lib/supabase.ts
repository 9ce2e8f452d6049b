import { createServerClient } from '@supabase/ssr'
import { cookies } from 'next/headers'
import { connection } from 'next/server'

/** A client with the session of the current request; every request needs one of its own. */
export async function createClient() {
  // supabase-js reads the clock, which Next.js does not allow while it renders ahead of a request.
  await connection()
  const store = await cookies()
  return createServerClient(process.env.NEXT_PUBLIC_SUPABASE_URL!, process.env.NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY!, {
    cookies: {
      getAll: () => store.getAll(),
      setAll(changes) {
        try {
          for (const { name, value, options } of changes) store.set(name, value, options)
        } catch {
          // Pages cannot set cookies. They do not need to: proxy.ts has refreshed the session before.
        }
      },
    },
  })
}
