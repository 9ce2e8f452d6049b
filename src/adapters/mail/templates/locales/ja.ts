import type { LocaleTexts } from '../texts'

export const ja: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'メールアドレスの確認をお願いします',
      heading: 'メールアドレスの確認',
      sentence: '登録を完了するため、{{ .Email }} がご自身のメールアドレスであることをご確認ください。',
      button: 'メールアドレスを確認する',
    },
    invite: {
      subject: '招待が届いています',
      heading: '招待が届いています',
      sentence: '{{ .Email }} 様のアカウントが用意されました。招待を承諾すると、ご利用を開始できます。',
      button: '招待を承諾する',
    },
    recovery: {
      subject: 'パスワードの再設定',
      heading: 'パスワードの再設定',
      sentence: 'アカウント {{ .Email }} のパスワード再設定のご依頼を受け付けました。新しいパスワードを設定できます。',
      button: 'パスワードを再設定する',
    },
    magic_link: {
      subject: 'ログイン用リンクのお知らせ',
      heading: 'ログイン用リンク',
      sentence: 'このリンクから {{ .Email }} としてログインできます。',
      button: 'ログインする',
    },
    email_change: {
      subject: '新しいメールアドレスの確認をお願いします',
      heading: '新しいメールアドレスの確認',
      sentence: 'アカウントのメールアドレスを {{ .NewEmail }} に変更することをご確認ください。',
      button: '新しいアドレスを確認する',
    },
    reauthentication: {
      subject: '確認コードは {{ .Token }} です',
      heading: '確認コード',
      sentence:
        'ご本人であることを確認するため、このコードを入力してください。コードは決して他人に教えないでください。',
    },
    password_changed_notification: {
      subject: 'パスワードが変更されました',
      heading: 'パスワードが変更されました',
      sentence: 'アカウント {{ .Email }} のパスワードが変更されました。',
    },
    email_changed_notification: {
      subject: 'メールアドレスが変更されました',
      heading: 'メールアドレスが変更されました',
      sentence: 'アカウントのメールアドレスが {{ .OldEmail }} から {{ .Email }} に変更されました。',
    },
    phone_changed_notification: {
      subject: '電話番号が変更されました',
      heading: '電話番号が変更されました',
      sentence: 'アカウント {{ .Email }} の電話番号が {{ .Phone }} に変更されました。',
    },
    identity_linked_notification: {
      subject: 'アカウントに新しいログイン方法が追加されました',
      heading: '新しいログイン方法',
      sentence: 'アカウント {{ .Email }} に {{ .Provider }} でログインできるようになりました。',
    },
    identity_unlinked_notification: {
      subject: 'アカウントからログイン方法が削除されました',
      heading: 'ログイン方法の削除',
      sentence: 'アカウント {{ .Email }} に {{ .Provider }} でログインできなくなりました。',
    },
    mfa_factor_enrolled_notification: {
      subject: 'アカウントに新しい認証方法が追加されました',
      heading: '新しい認証方法',
      sentence: 'アカウント {{ .Email }} のログインに 2 段階目の認証（{{ .FactorType }}）が追加されました。',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'アカウントから認証方法が削除されました',
      heading: '認証方法の削除',
      sentence: 'アカウント {{ .Email }} のログインから 2 段階目の認証（{{ .FactorType }}）が削除されました。',
    },
    new_device_notification: {
      subject: 'アカウントへの新しいログイン',
      heading: '新しいログイン',
      sentence:
        'これまで使われたことのないネットワークから、アカウント {{ .Email }} へのログインがありました：{{ .IPAddress }}、{{ .Time }}。',
      button: '心当たりがない',
    },
    account_exists: {
      subject: 'すでにアカウントをお持ちです',
      heading: 'すでにアカウントをお持ちです',
      sentence:
        '{{ .Email }} で新規登録の操作がありましたが、すでにアカウントをお持ちです。ログインしていただくか、パスワードをお忘れの場合は再設定してください。',
      button: 'ログインへ進む',
    },
    email_change_notice: {
      subject: 'メールアドレスの変更が申請されました',
      heading: 'メールアドレスの変更が申請されました',
      sentence:
        'お使いのアカウントのメールアドレスを {{ .Email }} から {{ .NewEmail }} に変更する申請がありました。新しいアドレスが確認されると変更されます。',
    },
  },
  enterCode: 'または、次のコードを入力してください：',
  passwordDropped:
    '登録時にパスワードを設定された場合、このアドレスが未確認だったため、そのパスワードは無効になりました。このメールでサインインしてから、新しいパスワードを設定してください。',
  ignore: 'このメールに心当たりがない場合は、無視していただいてかまいません。',
  notYou: '心当たりがない場合は、ただちにパスワードを再設定し、本サービスの運営者にご連絡ください。',
  notYouOldAddress: '心当たりがない場合は、ただちに本サービスの運営者にご連絡ください。',
}
