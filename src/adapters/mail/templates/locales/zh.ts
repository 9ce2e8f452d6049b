import type { LocaleTexts } from '../texts'

export const zh: LocaleTexts = {
  mails: {
    confirmation: {
      subject: '请确认您的电子邮件地址',
      heading: '请确认您的电子邮件地址',
      sentence: '请确认 {{ .Email }} 是您的邮箱地址，以完成注册。',
      button: '确认邮箱地址',
    },
    invite: {
      subject: '您收到了一份邀请',
      heading: '您收到了一份邀请',
      sentence: '我们已为 {{ .Email }} 准备好一个账户。接受邀请后即可开始使用。',
      button: '接受邀请',
    },
    recovery: {
      subject: '重置您的密码',
      heading: '重置您的密码',
      sentence: '我们收到了重置账户 {{ .Email }} 密码的请求。您现在可以设置新密码。',
      button: '重置密码',
    },
    magic_link: {
      subject: '您的登录链接',
      heading: '您的登录链接',
      sentence: '您可以通过此链接以 {{ .Email }} 的身份登录。',
      button: '登录',
    },
    email_change: {
      subject: '请确认您的新电子邮件地址',
      heading: '请确认您的新电子邮件地址',
      sentence: '请确认将您账户的电子邮件地址更改为 {{ .NewEmail }}。',
      button: '确认新地址',
    },
    reauthentication: {
      subject: '{{ .Token }} 是您的验证码',
      heading: '您的验证码',
      sentence: '请使用此验证码确认是您本人操作。切勿将其告知他人。',
    },
    password_changed_notification: {
      subject: '您的密码已更改',
      heading: '您的密码已更改',
      sentence: '您的账户 {{ .Email }} 的密码刚刚被更改。',
    },
    email_changed_notification: {
      subject: '您的电子邮件地址已更改',
      heading: '您的电子邮件地址已更改',
      sentence: '您账户的电子邮件地址已从 {{ .OldEmail }} 更改为 {{ .Email }}。',
    },
    phone_changed_notification: {
      subject: '您的电话号码已更改',
      heading: '您的电话号码已更改',
      sentence: '您的账户 {{ .Email }} 的电话号码现为 {{ .Phone }}。',
    },
    identity_linked_notification: {
      subject: '您的账户已关联新的登录方式',
      heading: '新的登录方式',
      sentence: '现在可以通过 {{ .Provider }} 登录您的账户 {{ .Email }}。',
    },
    identity_unlinked_notification: {
      subject: '您的账户已移除一种登录方式',
      heading: '登录方式已移除',
      sentence: '您的账户 {{ .Email }} 不能再通过 {{ .Provider }} 登录。',
    },
    mfa_factor_enrolled_notification: {
      subject: '您的账户已添加新的验证方式',
      heading: '新的验证方式',
      sentence: '登录您的账户 {{ .Email }} 时将增加第二步验证（{{ .FactorType }}）。',
    },
    mfa_factor_unenrolled_notification: {
      subject: '您的账户已移除一种验证方式',
      heading: '验证方式已移除',
      sentence: '登录您的账户 {{ .Email }} 时的第二步验证（{{ .FactorType }}）已移除。',
    },
    new_device_notification: {
      subject: '您的账户有新的登录',
      heading: '新的登录',
      sentence: '有人从未曾使用过的网络登录了您的账户 {{ .Email }}：{{ .IPAddress }}，{{ .Time }}。',
      button: '这不是我本人',
    },
    account_exists: {
      subject: '您已拥有账户',
      heading: '您已拥有账户',
      sentence: '有人尝试使用 {{ .Email }} 注册，但您已拥有账户。请直接登录；如果忘记了密码，请重置密码。',
      button: '前往登录',
    },
    email_change_notice: {
      subject: '您的电子邮件地址即将更改',
      heading: '您的电子邮件地址即将更改',
      sentence: '有人请求将您账户的地址从 {{ .Email }} 更改为 {{ .NewEmail }}。新地址经确认后即会更改。',
    },
  },
  enterCode: '或者输入此验证码：',
  passwordDropped:
    '如果您在注册时设置过密码，由于此地址当时尚未确认，该密码已失效。请先通过此邮件登录，然后设置新密码。',
  ignore: '如果您没有预料到会收到此邮件，可以忽略它。',
  notYou: '如果这不是您本人的操作，请立即重置密码，并通知本服务的管理人员。',
  notYouOldAddress: '如果这不是您本人的操作，请立即通知本服务的管理人员。',
}
