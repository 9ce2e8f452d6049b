import type { LocaleTexts } from '../texts'

export const fr: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Confirmez votre adresse e-mail',
      heading: 'Confirmez votre adresse e-mail',
      sentence: 'Pour terminer votre inscription, veuillez confirmer que {{ .Email }} est bien votre adresse.',
      button: 'Confirmer l’adresse e-mail',
    },
    invite: {
      subject: 'Vous avez reçu une invitation',
      heading: 'Vous avez reçu une invitation',
      sentence: 'Un compte a été préparé pour {{ .Email }}. Acceptez l’invitation pour commencer à l’utiliser.',
      button: 'Accepter l’invitation',
    },
    recovery: {
      subject: 'Réinitialisez votre mot de passe',
      heading: 'Réinitialisez votre mot de passe',
      sentence:
        'Une réinitialisation du mot de passe de votre compte {{ .Email }} a été demandée. Vous pouvez maintenant en choisir un nouveau.',
      button: 'Réinitialiser le mot de passe',
    },
    magic_link: {
      subject: 'Votre lien de connexion',
      heading: 'Votre lien de connexion',
      sentence: 'Ce lien vous connecte en tant que {{ .Email }}.',
      button: 'Se connecter',
    },
    email_change: {
      subject: 'Confirmez votre nouvelle adresse e-mail',
      heading: 'Confirmez votre nouvelle adresse e-mail',
      sentence: 'Veuillez confirmer que {{ .NewEmail }} doit devenir l’adresse e-mail de votre compte.',
      button: 'Confirmer la nouvelle adresse',
    },
    reauthentication: {
      subject: '{{ .Token }} est votre code de vérification',
      heading: 'Votre code de vérification',
      sentence: 'Confirmez votre identité avec ce code. Ne le communiquez jamais à personne.',
    },
    password_changed_notification: {
      subject: 'Votre mot de passe a été modifié',
      heading: 'Votre mot de passe a été modifié',
      sentence: 'Le mot de passe de votre compte {{ .Email }} vient d’être modifié.',
    },
    email_changed_notification: {
      subject: 'Votre adresse e-mail a été modifiée',
      heading: 'Votre adresse e-mail a été modifiée',
      sentence: 'L’adresse e-mail de votre compte est passée de {{ .OldEmail }} à {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Votre numéro de téléphone a été modifié',
      heading: 'Votre numéro de téléphone a été modifié',
      sentence: 'Le numéro de téléphone de votre compte {{ .Email }} est désormais {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Une nouvelle méthode de connexion a été associée à votre compte',
      heading: 'Nouvelle méthode de connexion',
      sentence: 'Il est désormais possible de se connecter à votre compte {{ .Email }} avec {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Une méthode de connexion a été retirée de votre compte',
      heading: 'Méthode de connexion retirée',
      sentence: 'Il n’est plus possible de se connecter à votre compte {{ .Email }} avec {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Une nouvelle méthode de vérification a été ajoutée à votre compte',
      heading: 'Nouvelle méthode de vérification',
      sentence: 'Une deuxième étape ({{ .FactorType }}) a été ajoutée à la connexion à votre compte {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Une méthode de vérification a été retirée de votre compte',
      heading: 'Méthode de vérification retirée',
      sentence: 'Une deuxième étape ({{ .FactorType }}) a été retirée de la connexion à votre compte {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'Nouvelle connexion à votre compte',
      heading: 'Nouvelle connexion',
      sentence:
        'Quelqu’un s’est connecté à votre compte {{ .Email }} depuis un réseau d’où il n’avait pas été utilisé : {{ .IPAddress }}, le {{ .Time }}.',
      button: 'Ce n’était pas moi',
    },
    account_exists: {
      subject: 'Vous avez déjà un compte',
      heading: 'Vous avez déjà un compte',
      sentence:
        'Quelqu’un a essayé de s’inscrire avec {{ .Email }}, mais vous avez déjà un compte. Veuillez vous connecter, ou réinitialiser votre mot de passe si vous l’avez oublié.',
      button: 'Aller à la connexion',
    },
    email_change_notice: {
      subject: 'Votre adresse e-mail va être modifiée',
      heading: 'Votre adresse e-mail va être modifiée',
      sentence:
        'Quelqu’un a demandé à remplacer l’adresse de votre compte, {{ .Email }}, par {{ .NewEmail }}. Elle changera dès que la nouvelle adresse sera confirmée.',
    },
  },
  enterCode: 'Ou saisissez ce code :',
  passwordDropped:
    'Si vous aviez choisi un mot de passe à l’inscription, il n’est plus valable, car cette adresse n’avait pas été confirmée. Connectez-vous avec cet e-mail, puis définissez un nouveau mot de passe.',
  ignore: 'Si vous n’attendiez pas cet e-mail, vous pouvez l’ignorer.',
  notYou:
    'Si vous n’êtes pas à l’origine de ce changement, réinitialisez immédiatement votre mot de passe et prévenez les responsables de ce service.',
  notYouOldAddress:
    'Si vous n’êtes pas à l’origine de ce changement, prévenez immédiatement les responsables de ce service.',
}
