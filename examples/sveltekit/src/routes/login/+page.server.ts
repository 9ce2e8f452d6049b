import { fail, redirect } from '@sveltejs/kit'
import type { Actions, PageServerLoad, RequestEvent } from './$types'

export const load: PageServerLoad = ({ url }) => ({
  linkError: url.searchParams.has('error') ? 'Email link is invalid or has expired' : '',
})

/** What the four buttons of the form send, and the address that links in mails lead to. */
async function read({ request, url }: RequestEvent) {
  const form = await request.formData()
  return {
    email: String(form.get('email')),
    password: String(form.get('password')),
    callback: `${url.origin}/auth/callback`,
  }
}

/** The message of an error, or else of success. */
function answer(email: string, error: { message: string } | null) {
  return error ? fail(400, { email, message: error.message }) : { email, message: 'Check your mail.' }
}

export const actions: Actions = {
  async signIn(event) {
    const { email, password } = await read(event)
    const { error } = await event.locals.supabase.auth.signInWithPassword({ email, password })
    if (!error) redirect(303, '/account')
    return answer(email, error)
  },

  async signUp(event) {
    const { email, password, callback } = await read(event)
    const options = { emailRedirectTo: callback }
    const { data, error } = await event.locals.supabase.auth.signUp({ email, password, options })
    if (data.session) redirect(303, '/account')
    return answer(email, error)
  },

  async link(event) {
    const { email, callback } = await read(event)
    const options = { emailRedirectTo: callback }
    const { error } = await event.locals.supabase.auth.signInWithOtp({ email, options })
    return answer(email, error)
  },

  async reset(event) {
    const { email, callback } = await read(event)
    const { error } = await event.locals.supabase.auth.resetPasswordForEmail(email, { redirectTo: callback })
    return answer(email, error)
  },
}
