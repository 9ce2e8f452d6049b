import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: '服务器拒绝了请求：{message}',
  request: '请求 ID：{id}',
  wait: '尝试次数过多。请在{when}重试。',
  over_request_rate_limit: '尝试次数过多。请稍候再试。',
  offline: '无法连接服务器。请检查网络连接后重试。',
  unexpected_failure: '服务器发生错误。请过几分钟再试。',
  invalid_credentials: '这些信息与任何账户都不匹配。',
  weak_password: '此密码太容易被猜到。请选择更强的密码。',
  pwned_password: '此密码出现在已知的数据泄露中。请选择其他密码。',
}
