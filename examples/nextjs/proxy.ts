import { createServerClient } from '@supabase/ssr'
import { type NextRequest, NextResponse } from 'next/server'

/** Before every page: refreshes an expired session, and sends visitors without one from protected pages to /login. */
export async function proxy(request: NextRequest) {
  let response = NextResponse.next({ request })
  const url = process.env.NEXT_PUBLIC_SUPABASE_URL!
  const supabase = createServerClient(url, process.env.NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY!, {
    cookies: {
      getAll: () => request.cookies.getAll(),
      setAll(changes, headers) {
        // The new session goes to the page, with the request, and to the browser, with the response.
        for (const { name, value } of changes) request.cookies.set(name, value)
        response = NextResponse.next({ request })
        for (const { name, value, options } of changes) response.cookies.set(name, value, options)
        for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
      },
    },
  })

  const { data } = await supabase.auth.getClaims()
  if (data || !request.nextUrl.pathname.startsWith('/account')) return response
  return NextResponse.redirect(new URL('/login', request.url))
}

export const config = { matcher: '/((?!_next/static|_next/image|favicon.ico).*)' }
