import { type SubmitEvent, useState } from 'react'
import { supabase } from './supabase.ts'

export function Account({ email }: { email?: string }) {
  const [message, setMessage] = useState('')

  async function changePassword(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    const { error } = await supabase.auth.updateUser({ password })
    setMessage(error ? error.message : 'Your password is changed.')
  }

  return (
    <main>
      <h1>Account</h1>
      <p>
        Signed in as <strong>{email}</strong>.
      </p>
      <form onSubmit={changePassword}>
        <label>
          New password <input name="password" type="password" autoComplete="new-password" required />
        </label>
        <button>Change password</button>
      </form>
      <p role="status">{message}</p>
      <button type="button" onClick={() => supabase.auth.signOut()}>
        Sign out
      </button>
    </main>
  )
}
