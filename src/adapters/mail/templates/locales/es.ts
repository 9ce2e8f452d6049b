import type { LocaleTexts } from '../texts'

export const es: LocaleTexts = {
  mails: {
    confirmation: {
      subject: 'Confirme su dirección de correo electrónico',
      heading: 'Confirme su dirección de correo electrónico',
      sentence: 'Para completar el registro, confirme que {{ .Email }} es su dirección.',
      button: 'Confirmar dirección',
    },
    invite: {
      subject: 'Ha recibido una invitación',
      heading: 'Ha recibido una invitación',
      sentence: 'Se ha preparado una cuenta para {{ .Email }}. Acepte la invitación para empezar a usarla.',
      button: 'Aceptar la invitación',
    },
    recovery: {
      subject: 'Restablezca su contraseña',
      heading: 'Restablezca su contraseña',
      sentence: 'Se ha solicitado restablecer la contraseña de su cuenta {{ .Email }}. Ahora puede elegir una nueva.',
      button: 'Restablecer contraseña',
    },
    magic_link: {
      subject: 'Su enlace para iniciar sesión',
      heading: 'Su enlace para iniciar sesión',
      sentence: 'Con este enlace iniciará sesión como {{ .Email }}.',
      button: 'Iniciar sesión',
    },
    email_change: {
      subject: 'Confirme su nueva dirección de correo electrónico',
      heading: 'Confirme su nueva dirección de correo electrónico',
      sentence: 'Confirme que {{ .NewEmail }} debe ser la dirección de correo electrónico de su cuenta.',
      button: 'Confirmar nueva dirección',
    },
    reauthentication: {
      subject: '{{ .Token }} es su código de verificación',
      heading: 'Su código de verificación',
      sentence: 'Confirme con este código que es usted. No se lo dé nunca a nadie.',
    },
    password_changed_notification: {
      subject: 'Su contraseña ha cambiado',
      heading: 'Su contraseña ha cambiado',
      sentence: 'La contraseña de su cuenta {{ .Email }} se acaba de cambiar.',
    },
    email_changed_notification: {
      subject: 'Su dirección de correo electrónico ha cambiado',
      heading: 'Su dirección de correo electrónico ha cambiado',
      sentence: 'La dirección de correo electrónico de su cuenta ha cambiado de {{ .OldEmail }} a {{ .Email }}.',
    },
    phone_changed_notification: {
      subject: 'Su número de teléfono ha cambiado',
      heading: 'Su número de teléfono ha cambiado',
      sentence: 'El número de teléfono de su cuenta {{ .Email }} es ahora {{ .Phone }}.',
    },
    identity_linked_notification: {
      subject: 'Se ha vinculado un nuevo método de inicio de sesión a su cuenta',
      heading: 'Nuevo método de inicio de sesión',
      sentence: 'Ahora se puede iniciar sesión en su cuenta {{ .Email }} con {{ .Provider }}.',
    },
    identity_unlinked_notification: {
      subject: 'Se ha eliminado un método de inicio de sesión de su cuenta',
      heading: 'Método de inicio de sesión eliminado',
      sentence: 'Ya no se puede iniciar sesión en su cuenta {{ .Email }} con {{ .Provider }}.',
    },
    mfa_factor_enrolled_notification: {
      subject: 'Se ha añadido un nuevo método de verificación a su cuenta',
      heading: 'Nuevo método de verificación',
      sentence: 'Se ha añadido un segundo paso ({{ .FactorType }}) al inicio de sesión en su cuenta {{ .Email }}.',
    },
    mfa_factor_unenrolled_notification: {
      subject: 'Se ha eliminado un método de verificación de su cuenta',
      heading: 'Método de verificación eliminado',
      sentence: 'Se ha eliminado un segundo paso ({{ .FactorType }}) del inicio de sesión en su cuenta {{ .Email }}.',
    },
    new_device_notification: {
      subject: 'Nuevo inicio de sesión en su cuenta',
      heading: 'Nuevo inicio de sesión',
      sentence:
        'Alguien ha iniciado sesión en su cuenta {{ .Email }} desde una red desde la que no se había usado: {{ .IPAddress }}, el {{ .Time }}.',
      button: 'No he sido yo',
    },
    account_exists: {
      subject: 'Ya tiene una cuenta',
      heading: 'Ya tiene una cuenta',
      sentence:
        'Alguien ha intentado registrarse con {{ .Email }}, pero usted ya tiene una cuenta. Inicie sesión o restablezca su contraseña si no la recuerda.',
      button: 'Ir al inicio de sesión',
    },
    email_change_notice: {
      subject: 'Su dirección de correo está a punto de cambiar',
      heading: 'Su dirección de correo está a punto de cambiar',
      sentence:
        'Alguien ha pedido cambiar la dirección de su cuenta de {{ .Email }} a {{ .NewEmail }}. Cambiará en cuanto se confirme la nueva dirección.',
    },
  },
  enterCode: 'O introduzca este código:',
  passwordDropped:
    'Si eligió una contraseña al registrarse, ya no es válida, porque esta dirección no se había confirmado. Inicie sesión con este correo y establezca después una contraseña nueva.',
  ignore: 'Si no esperaba este correo, puede ignorarlo.',
  notYou: 'Si no ha sido usted, restablezca su contraseña de inmediato y avise a los responsables de este servicio.',
  notYouOldAddress: 'Si no ha sido usted, avise de inmediato a los responsables de este servicio.',
}
