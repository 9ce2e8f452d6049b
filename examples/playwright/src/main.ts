import { createClient } from '@supabase/supabase-js'

const { VITE_SUPABASE_URL, VITE_SUPABASE_PUBLISHABLE_KEY } = import.meta.env
const supabase = createClient(VITE_SUPABASE_URL, VITE_SUPABASE_PUBLISHABLE_KEY)

const element = <E extends HTMLElement>(selector: string) => document.querySelector<E>(selector) as E
const ask = element<HTMLFormElement>('#ask')
const answer = element<HTMLFormElement>('#answer')
const signOut = element<HTMLButtonElement>('#sign-out')

const say = (text: string) => {
  element('[role=status]').textContent = text
}
const fieldOf = (form: HTMLFormElement, name: string) => String(new FormData(form).get(name))

ask.addEventListener('submit', async (event) => {
  event.preventDefault()
  const email = fieldOf(ask, 'email')
  const { error } = await supabase.auth.signInWithOtp({ email, options: { emailRedirectTo: location.origin } })
  if (error) return say(error.message)
  answer.hidden = false
  say(`We sent a code and a link to ${email}.`)
})

answer.addEventListener('submit', async (event) => {
  event.preventDefault()
  const { error } = await supabase.auth.verifyOtp({
    email: fieldOf(ask, 'email'),
    token: fieldOf(answer, 'code'),
    type: 'email',
  })
  if (error) say(error.message)
})

signOut.addEventListener('click', () => supabase.auth.signOut())

supabase.auth.onAuthStateChange((event, session) => {
  ask.hidden = session !== null
  signOut.hidden = session === null
  if (session) answer.hidden = true
  if (session) say(`Signed in as ${session.user.email}`)
  else if (event === 'SIGNED_OUT') say('Signed out')
})
