import { createServerClient } from '@supabase/ssr'
import { type Handle, redirect } from '@sveltejs/kit'
import { PUBLIC_SUPABASE_PUBLISHABLE_KEY, PUBLIC_SUPABASE_URL } from '$env/static/public'

/** Before every page: refreshes an expired session, and sends visitors without one from protected pages to /login. */
export const handle: Handle = async ({ event, resolve }) => {
  event.locals.supabase = createServerClient(PUBLIC_SUPABASE_URL, PUBLIC_SUPABASE_PUBLISHABLE_KEY, {
    cookies: {
      getAll: () => event.cookies.getAll(),
      setAll(changes, headers) {
        for (const { name, value, options } of changes) event.cookies.set(name, value, { ...options, path: '/' })
        event.setHeaders(headers)
      },
    },
  })

  // Unlike getSession(), this verifies the token in the cookie.
  const { data } = await event.locals.supabase.auth.getClaims()
  event.locals.claims = data?.claims ?? null
  if (!data && event.url.pathname.startsWith('/account')) redirect(303, '/login')

  return resolve(event)
}
