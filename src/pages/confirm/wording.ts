/** The words of the page, in each language it speaks. */
export type Step = 'confirm' | 'signIn' | 'reset' | 'accept' | 'change'

/** What each step is called, as heading and on the button, and the sentences between. */
export type Wording = Record<Step | 'press' | 'unasked', string>

export const wordings = {
  en: {
    confirm: 'Confirm your address',
    signIn: 'Sign in',
    reset: 'Reset your password',
    accept: 'Accept the invitation',
    change: 'Confirm the change',
    press: 'Press the button to continue.',
    unasked: 'If you did not ask for this, close this page.',
  },
  de: {
    confirm: 'Adresse bestätigen',
    signIn: 'Anmelden',
    reset: 'Passwort zurücksetzen',
    accept: 'Einladung annehmen',
    change: 'Änderung bestätigen',
    press: 'Klicken Sie auf die Schaltfläche, um fortzufahren.',
    unasked: 'Wenn Sie das nicht angefordert haben, schließen Sie diese Seite.',
  },
  fr: {
    confirm: 'Confirmer votre adresse',
    signIn: 'Se connecter',
    reset: 'Réinitialiser votre mot de passe',
    accept: 'Accepter l’invitation',
    change: 'Confirmer la modification',
    press: 'Appuyez sur le bouton pour continuer.',
    unasked: 'Si vous n’êtes pas à l’origine de cette demande, fermez cette page.',
  },
  es: {
    confirm: 'Confirmar tu dirección',
    signIn: 'Iniciar sesión',
    reset: 'Restablecer tu contraseña',
    accept: 'Aceptar la invitación',
    change: 'Confirmar el cambio',
    press: 'Pulsa el botón para continuar.',
    unasked: 'Si no lo has solicitado, cierra esta página.',
  },
  it: {
    confirm: 'Conferma il tuo indirizzo',
    signIn: 'Accedi',
    reset: 'Reimposta la tua password',
    accept: 'Accetta l’invito',
    change: 'Conferma la modifica',
    press: 'Premi il pulsante per continuare.',
    unasked: 'Se non l’hai richiesto tu, chiudi questa pagina.',
  },
  pt: {
    confirm: 'Confirmar o seu endereço',
    signIn: 'Iniciar sessão',
    reset: 'Redefinir a sua palavra-passe',
    accept: 'Aceitar o convite',
    change: 'Confirmar a alteração',
    press: 'Prima o botão para continuar.',
    unasked: 'Se não fez este pedido, feche esta página.',
  },
  nl: {
    confirm: 'Bevestig je adres',
    signIn: 'Inloggen',
    reset: 'Stel je wachtwoord opnieuw in',
    accept: 'Accepteer de uitnodiging',
    change: 'Bevestig de wijziging',
    press: 'Klik op de knop om door te gaan.',
    unasked: 'Heb je hier niet om gevraagd, sluit dan deze pagina.',
  },
  pl: {
    confirm: 'Potwierdź swój adres',
    signIn: 'Zaloguj się',
    reset: 'Zresetuj hasło',
    accept: 'Przyjmij zaproszenie',
    change: 'Potwierdź zmianę',
    press: 'Naciśnij przycisk, aby kontynuować.',
    unasked: 'Jeśli to nie Twoja prośba, zamknij tę stronę.',
  },
  ja: {
    confirm: 'メールアドレスを確認する',
    signIn: 'ログインする',
    reset: 'パスワードを再設定する',
    accept: '招待を承諾する',
    change: '変更を確認する',
    press: 'ボタンを押して続行してください。',
    unasked: 'お心当たりがない場合は、このページを閉じてください。',
  },
  zh: {
    confirm: '确认您的邮箱地址',
    signIn: '登录',
    reset: '重置您的密码',
    accept: '接受邀请',
    change: '确认更改',
    press: '请点击按钮继续。',
    unasked: '如果这不是您本人的请求，请关闭此页面。',
  },
} as const satisfies Record<string, Wording>

export type Language = keyof typeof wordings

/** @param languages BCP 47 tags in order of preference; the first whose language is spoken here decides */
export function languageOf(languages: readonly string[]): Language {
  const primary = languages.map((tag) => tag.toLowerCase().split(/[-_]/)[0] ?? '')
  return (primary.find((language) => Object.hasOwn(wordings, language)) as Language | undefined) ?? 'en'
}
