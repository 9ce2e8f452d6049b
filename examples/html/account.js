import { auth } from './client.js'

const message = document.querySelector('[role=status]')
// Keeps the error of a link that no longer works, which is after the # of the address.
const leave = () => location.replace(`index.html${location.hash}`)

// If a link in a mail led here, this waits until supabase-js has the session from it.
const { data } = await auth.getClaims()
if (data) {
  document.querySelector('#email').textContent = data.claims.email
  document.querySelector('main').hidden = false
} else {
  leave()
}

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const { error } = await auth.updateUser({ password: event.target.password.value })
  message.textContent = error ? error.message : 'Your password is changed.'
})

document.querySelector('#sign-out').addEventListener('click', async () => {
  await auth.signOut()
  leave()
})
