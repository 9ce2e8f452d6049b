import type { CommonTexts } from '../texts'

export const common: CommonTexts = {
  account: '账户',
  backTo: '返回 {app}',
  cancel: '取消',
  elsewhere: '您已在其他标签页中退出登录。',
  ended: '您的会话已结束。请重新登录。',
  hidePassword: '隐藏密码',
  idle: '由于 30 分钟没有活动，您已退出登录。',
  language: '语言',
  loading: '正在加载…',
  noName: '未命名账户',
  noscript: '此页面需要 JavaScript。',
  proceed: '继续',
  required: '请填写此项。',
  retry: '重试',
  save: '保存',
  showPassword: '显示密码',
  signOut: '退出登录',
}
