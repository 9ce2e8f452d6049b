import type { SignInTexts } from '../texts'

export const signIn: SignInTexts = {
  title: '登录',
  email: '邮箱地址',
  password: '密码',
  submit: '登录',
}
