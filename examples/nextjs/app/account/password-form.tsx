'use client'

import { useActionState } from 'react'
import { changePassword } from '../actions'

export function PasswordForm() {
  const [result, action] = useActionState(changePassword, { message: '' })
  return (
    <form action={action}>
      <label>
        New password <input name="password" type="password" autoComplete="new-password" required />
      </label>
      <button>Change password</button>
      <p role="status">{result.message}</p>
    </form>
  )
}
