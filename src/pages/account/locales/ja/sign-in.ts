import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: 'ログイン',
  email: 'メールアドレス',
  password: 'パスワード',
  submit: 'ログイン',
}
