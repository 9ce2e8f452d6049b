import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: 'アカウント',
  backTo: '{app} に戻る',
  cancel: 'キャンセル',
  elsewhere: '別のタブでログアウトしました。',
  ended: 'セッションが終了しました。もう一度ログインしてください。',
  hidePassword: 'パスワードを隠す',
  idle: '30 分間操作がなかったため、ログアウトしました。',
  language: '言語',
  loading: '読み込み中…',
  noName: '名前のないアカウント',
  noscript: 'このページには JavaScript が必要です。',
  proceed: '続ける',
  required: 'この項目を入力してください。',
  retry: '再試行',
  save: '保存',
  showPassword: 'パスワードを表示',
  signOut: 'ログアウト',
}
