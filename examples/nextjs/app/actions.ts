'use server'

import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { createClient } from '@/lib/supabase'

export interface Result {
  message: string
  /** Shown again in the form. */
  email?: string
}

/** The four buttons of the login form. */
export async function authenticate(_previous: Result, form: FormData): Promise<Result> {
  const email = String(form.get('email'))
  const password = String(form.get('password'))
  const emailRedirectTo = `${(await headers()).get('origin')}/auth/callback`
  const { auth } = await createClient()

  const send = () => {
    switch (form.get('action')) {
      case 'sign-up':
        return auth.signUp({ email, password, options: { emailRedirectTo } })
      case 'link':
        return auth.signInWithOtp({ email, options: { emailRedirectTo } })
      case 'reset':
        return auth.resetPasswordForEmail(email, { redirectTo: emailRedirectTo })
      default:
        return auth.signInWithPassword({ email, password })
    }
  }
  const { data, error } = await send()
  if (error) return { message: error.message, email }
  if (data && 'session' in data && data.session) redirect('/account')
  return { message: 'Check your mail.', email }
}

export async function changePassword(_previous: Result, form: FormData): Promise<Result> {
  const { auth } = await createClient()
  const { error } = await auth.updateUser({ password: String(form.get('password')) })
  return { message: error ? error.message : 'Your password is changed.' }
}

export async function signOut() {
  const { auth } = await createClient()
  await auth.signOut()
  redirect('/login')
}
