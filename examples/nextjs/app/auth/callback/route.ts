import { redirect } from 'next/navigation'
import type { NextRequest } from 'next/server'
import { createClient } from '@/lib/supabase'

/** Where the links in mails lead: with a code that is exchanged for a session, or without one if the link has expired. */
export async function GET(request: NextRequest) {
  const code = request.nextUrl.searchParams.get('code')
  if (!code) redirect('/login?error=link')
  const { auth } = await createClient()
  const { error } = await auth.exchangeCodeForSession(code)
  redirect(error ? '/login?error=link' : '/account')
}
