'use client'

import { useActionState } from 'react'
import { authenticate } from '../actions'

export function LoginForm({ message }: { message: string }) {
  const [result, action] = useActionState(authenticate, { message })
  return (
    <form action={action}>
      <label>
        Email <input name="email" type="email" autoComplete="username" defaultValue={result.email} required />
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
      <p role="status">{result.message}</p>
    </form>
  )
}
