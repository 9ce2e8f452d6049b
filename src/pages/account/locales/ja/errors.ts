import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'サーバーに拒否されました: {message}',
  request: 'リクエスト ID: {id}',
  wait: '試行回数が多すぎます。{when}にもう一度お試しください。',
  over_request_rate_limit: '試行回数が多すぎます。しばらく待ってからもう一度お試しください。',
  offline: 'サーバーに接続できません。接続を確認して、もう一度お試しください。',
  unexpected_failure: 'サーバーでエラーが発生しました。数分後にもう一度お試しください。',
  invalid_credentials: '入力内容に一致するアカウントがありません。',
  weak_password: 'このパスワードは推測されやすいため使用できません。より強いパスワードを選んでください。',
  pwned_password: 'このパスワードは既知の情報漏えいに含まれています。別のパスワードを選んでください。',
}
