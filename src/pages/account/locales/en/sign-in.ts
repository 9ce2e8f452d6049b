/** Texts of the way in. */
export const signIn = {
  title: 'Sign in',
  email: 'Email address',
  password: 'Password',
  submit: 'Sign in',
}
