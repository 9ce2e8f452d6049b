import { type SubmitEvent, useState } from 'react'
import { supabase } from './supabase.ts'

// A link that no longer works leads back here, with the reason after the # of the address.
const linkError = new URLSearchParams(window.location.hash.slice(1)).get('error_description')

function send(action: string, email: string, password: string) {
  const emailRedirectTo = window.location.origin
  switch (action) {
    case 'sign-up':
      return supabase.auth.signUp({ email, password, options: { emailRedirectTo } })
    case 'link':
      return supabase.auth.signInWithOtp({ email, options: { emailRedirectTo } })
    case 'reset':
      return supabase.auth.resetPasswordForEmail(email, { redirectTo: emailRedirectTo })
    default:
      return supabase.auth.signInWithPassword({ email, password })
  }
}

export function SignIn() {
  const [message, setMessage] = useState(linkError)

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget, event.nativeEvent.submitter)
    const { error } = await send(String(form.get('action')), String(form.get('email')), String(form.get('password')))
    // After a sign-in, App shows the account in place of this form.
    setMessage(error ? error.message : 'Check your mail.')
  }

  return (
    <main>
      <h1>Sign in</h1>
      <form onSubmit={submit}>
        <label>
          Email <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password <input name="password" type="password" autoComplete="current-password" />
        </label>
        <button name="action" value="sign-in">
          Sign in
        </button>
        <button name="action" value="sign-up">
          Sign up
        </button>
        <button name="action" value="link">
          Email me a link
        </button>
        <button name="action" value="reset">
          Reset password
        </button>
      </form>
      <p role="status">{message}</p>
    </main>
  )
}
