import type { LocaleTexts } from '../texts'

export const en: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Confirm your email address',
      heading: 'Confirm your email address',
      sentence: 'To finish signing up, please confirm that {{ .Email }} is your address.',
      button: 'Confirm email address',
    },
    invite: {
      subject: "You've been invited",
      heading: "You've been invited",
      sentence: 'You have been invited to create an account for {{ .Email }}. Accept the invitation to get started.',
      button: 'Accept the invitation',
    },
    recovery: {
      subject: 'Reset your password',
      heading: 'Reset your password',
      sentence:
        'We received a request to reset the password for your account {{ .Email }}. You can choose a new one now.',
      button: 'Reset password',
    },
    magic_link: {
      subject: 'Your sign-in link',
      heading: 'Your sign-in link',
      sentence: 'Use this link to sign in as {{ .Email }}.',
      button: 'Sign in',
    },
    email_change: {
      subject: 'Confirm your new email address',
      heading: 'Confirm your new email address',
      sentence: 'Please confirm that {{ .NewEmail }} is the new email address of your account.',
      button: 'Confirm new address',
    },
    reauthentication: {
      subject: '{{ .Token }} is your verification code',
      heading: 'Your verification code',
      sentence: 'Enter this code to confirm that it is you. Never share it with anyone.',
    },
    password_changed_notification: {
      subject: 'Your password was changed',
      heading: 'Your password was changed',
      sentence: 'The password for your account {{ .Email }} was just changed.',
    },
    email_changed_notification: {
      subject: 'Your email address was changed',
      heading: 'Your email address was changed',
      sentence: 'The email address of your account has been changed from {{ .OldEmail }} to {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Your phone number was changed',
      heading: 'Your phone number was changed',
      sentence: 'The phone number of your account {{ .Email }} is now {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'A new sign-in method was linked to your account',
      heading: 'New sign-in method',
      sentence: '{{ .Provider }} can now be used to sign in to your account {{ .Email }}.',
    },
    identity_unlinked_notification: {
      subject: 'A sign-in method was removed from your account',
      heading: 'Sign-in method removed',
      sentence: '{{ .Provider }} can no longer be used to sign in to your account {{ .Email }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'A new verification method was added to your account',
      heading: 'New verification method',
      sentence: 'A second factor ({{ .FactorType }}) was added to your account {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'A verification method was removed from your account',
      heading: 'Verification method removed',
      sentence: 'A second factor ({{ .FactorType }}) was removed from your account {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'New sign-in to your account',
      heading: 'New sign-in',
      sentence: 'Someone signed in to your account {{ .Email }} from a new network ({{ .IPAddress }}) at {{ .Time }}.',
      button: 'This was not me',
    },
    account_exists: {
      subject: 'You already have an account',
      heading: 'You already have an account',
      sentence:
        'Someone tried to sign up with {{ .Email }}, but you already have an account. Please sign in, or reset your password if you have forgotten it.',
      button: 'Go to sign-in',
    },
    email_change_notice: {
      subject: 'Your email address is about to change',
      heading: 'Your email address is about to change',
      sentence:
        'Someone asked to change the email address of your account from {{ .Email }} to {{ .NewEmail }}. The change takes effect once the new address is confirmed.',
    },
  },
  enterCode: 'Or enter this code:',
  passwordDropped:
    'If you chose a password when you signed up, it no longer works, because this address had not been confirmed. Sign in with this email, then set a new password.',
  ignore: 'If you did not expect this email, you can ignore it.',
  notYou: 'If this was not you, reset your password immediately and contact support.',
  notYouOldAddress: 'If this was not you, contact support immediately.',
}
