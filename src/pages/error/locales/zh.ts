import type { ErrorPageTexts } from '../texts'

export const zh: ErrorPageTexts = {
  kinds: {
    deadLink: ['此链接已失效', '链接已过期、已被使用，或已被新的链接取代。请重新申请链接，并打开最新的消息。'],
    incompleteLink: ['此链接不完整', '地址缺少一部分。请从消息中重新打开链接，或完整复制链接。'],
    providerOff: ['此登录方式不可用', '请返回并选择其他登录方式。'],
    interruptedSignIn: ['无法完成登录', '登录耗时过长、已经完成，或是在其他浏览器中开始的。请返回并重新登录。'],
    refused: ['不允许此操作', '您的账户或此服务的设置不允许此操作。'],
    signedOut: ['您尚未登录', '请登录应用程序，然后从那里重试。'],
    notFound: ['找不到页面', '此地址没有任何内容。请检查链接，或返回网站。'],
    forApplications: ['这里没有可显示的内容', '此地址供应用程序使用，无法在浏览器中打开。'],
    tooMany: ['尝试次数过多', '请稍候再试。'],
    unavailable: ['暂时不可用', '服务目前无法响应。请过几分钟再试。'],
    failed: ['出错了', '服务器发生错误。如果再次出现，请报告下方的 ID。'],
    badRequest: ['无法处理此请求', '地址无效。请返回并重试。'],
  },
  back: '前往 {site}',
  retry: '您可以在{when}重试。',
  code: '错误',
  request: '请求 ID',
}
