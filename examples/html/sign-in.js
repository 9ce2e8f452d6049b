import { auth } from './client.js'

const message = document.querySelector('[role=status]')
const accountPage = new URL('account.html', location.href).href

message.textContent = new URLSearchParams(location.hash.slice(1)).get('error_description')

const actions = {
  'sign-in': (email, password) => auth.signInWithPassword({ email, password }),
  'sign-up': (email, password) => auth.signUp({ email, password, options: { emailRedirectTo: accountPage } }),
  link: (email) => auth.signInWithOtp({ email, options: { emailRedirectTo: accountPage } }),
  reset: (email) => auth.resetPasswordForEmail(email, { redirectTo: accountPage }),
}

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const { email, password } = event.target
  const { data, error } = await actions[event.submitter.name](email.value, password.value)
  if (error) message.textContent = error.message
  else if (data.session) location.assign(accountPage)
  else message.textContent = 'Check your mail.'
})
