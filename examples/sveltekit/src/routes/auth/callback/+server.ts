import { redirect } from '@sveltejs/kit'
import type { RequestHandler } from './$types'

/** Where the links in mails lead: with a code that is exchanged for a session, or without one if the link has expired. */
export const GET: RequestHandler = async ({ url, locals }) => {
  const code = url.searchParams.get('code')
  if (!code) redirect(303, '/login?error=link')
  const { error } = await locals.supabase.auth.exchangeCodeForSession(code)
  redirect(303, error ? '/login?error=link' : '/account')
}
