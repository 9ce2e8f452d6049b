import { fail, redirect } from '@sveltejs/kit'
import type { Actions, PageServerLoad } from './$types'

// hooks.server.ts has sent away visitors without a session.
export const load: PageServerLoad = ({ locals }) => ({ email: locals.claims?.email })

export const actions: Actions = {
  async changePassword({ request, locals }) {
    const password = String((await request.formData()).get('password'))
    const { error } = await locals.supabase.auth.updateUser({ password })
    return error ? fail(400, { message: error.message }) : { message: 'Your password is changed.' }
  },

  async signOut({ locals }) {
    await locals.supabase.auth.signOut()
    redirect(303, '/login')
  },
}
