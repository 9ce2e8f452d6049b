import type { LocaleTexts } from '../texts'

export const pt: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Confirme o seu endereço de e-mail',
      heading: 'Confirme o seu endereço de e-mail',
      sentence: 'Para concluir o registro, confirme que {{ .Email }} é o seu endereço.',
      button: 'Confirmar e-mail',
    },
    invite: {
      subject: 'Você recebeu um convite',
      heading: 'Você recebeu um convite',
      sentence: 'Uma conta foi preparada para {{ .Email }}. Aceite o convite para começar a usá-la.',
      button: 'Aceitar o convite',
    },
    recovery: {
      subject: 'Redefina a sua senha',
      heading: 'Redefina a sua senha',
      sentence: 'Foi solicitada a redefinição da senha da sua conta {{ .Email }}. Agora você pode escolher uma nova.',
      button: 'Redefinir senha',
    },
    magic_link: {
      subject: 'O seu link de acesso',
      heading: 'O seu link de acesso',
      sentence: 'Com este link você entra como {{ .Email }}.',
      button: 'Entrar',
    },
    email_change: {
      subject: 'Confirme o seu novo endereço de e-mail',
      heading: 'Confirme o seu novo endereço de e-mail',
      sentence: 'Confirme que {{ .NewEmail }} deve passar a ser o endereço de e-mail da sua conta.',
      button: 'Confirmar novo endereço',
    },
    reauthentication: {
      subject: '{{ .Token }} é o seu código de verificação',
      heading: 'O seu código de verificação',
      sentence: 'Confirme com este código que é você. Nunca o informe a ninguém.',
    },
    password_changed_notification: {
      subject: 'A sua senha foi alterada',
      heading: 'A sua senha foi alterada',
      sentence: 'A senha da sua conta {{ .Email }} acabou de ser alterada.',
    },
    email_changed_notification: {
      subject: 'O seu endereço de e-mail foi alterado',
      heading: 'O seu endereço de e-mail foi alterado',
      sentence: 'O endereço de e-mail da sua conta foi alterado de {{ .OldEmail }} para {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'O seu número de telefone foi alterado',
      heading: 'O seu número de telefone foi alterado',
      sentence: 'O número de telefone da sua conta {{ .Email }} agora é {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Um novo método de acesso foi vinculado à sua conta',
      heading: 'Novo método de acesso',
      sentence: 'Agora é possível entrar na sua conta {{ .Email }} com {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Um método de acesso foi removido da sua conta',
      heading: 'Método de acesso removido',
      sentence: 'Já não é possível entrar na sua conta {{ .Email }} com {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Um novo método de verificação foi adicionado à sua conta',
      heading: 'Novo método de verificação',
      sentence: 'Uma segunda etapa ({{ .FactorType }}) foi adicionada ao acesso à sua conta {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Um método de verificação foi removido da sua conta',
      heading: 'Método de verificação removido',
      sentence: 'Uma segunda etapa ({{ .FactorType }}) foi removida do acesso à sua conta {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'Novo acesso à sua conta',
      heading: 'Novo acesso',
      sentence:
        'Alguém acessou a sua conta {{ .Email }} de uma rede da qual ela não havia sido usada: {{ .IPAddress }}, em {{ .Time }}.',
      button: 'Não fui eu',
    },
    account_exists: {
      subject: 'Você já tem uma conta',
      heading: 'Você já tem uma conta',
      sentence:
        'Alguém tentou se registrar com {{ .Email }}, mas você já tem uma conta. Entre nela ou redefina a sua senha, caso não se lembre dela.',
      button: 'Ir para o acesso',
    },
    email_change_notice: {
      subject: 'Seu endereço de e-mail está prestes a mudar',
      heading: 'Seu endereço de e-mail está prestes a mudar',
      sentence:
        'Alguém pediu para mudar o endereço da sua conta de {{ .Email }} para {{ .NewEmail }}. Ele mudará assim que o novo endereço for confirmado.',
    },
  },
  enterCode: 'Ou digite este código:',
  passwordDropped:
    'Se você escolheu uma senha ao se cadastrar, ela não vale mais, porque este endereço não tinha sido confirmado. Entre com este e-mail e depois defina uma nova senha.',
  ignore: 'Se você não esperava este e-mail, pode ignorá-lo.',
  notYou: 'Se não foi você, redefina a sua senha imediatamente e avise os responsáveis por este serviço.',
  notYouOldAddress: 'Se não foi você, avise imediatamente os responsáveis por este serviço.',
}
