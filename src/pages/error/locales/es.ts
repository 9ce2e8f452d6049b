import type { ErrorPageTexts } from '../texts'

export const es: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Este enlace ya no funciona',
      'Ha caducado, ya se ha utilizado o lo ha sustituido otro más reciente. Solicita un enlace nuevo y abre el último mensaje.',
    ],
    incompleteLink: [
      'Este enlace está incompleto',
      'Falta una parte de la dirección. Vuelve a abrir el enlace desde el mensaje o cópialo entero.',
    ],
    providerOff: ['Este método de acceso no está disponible', 'Vuelve atrás y elige otra forma de iniciar sesión.'],
    interruptedSignIn: [
      'No se ha podido completar el inicio de sesión',
      'Ha tardado demasiado, ya se había completado o se inició en otro navegador. Vuelve atrás e inicia sesión de nuevo.',
    ],
    refused: ['Esto no está permitido', 'Tu cuenta o la configuración de este servicio no lo permiten.'],
    signedOut: ['No has iniciado sesión', 'Inicia sesión en la aplicación y vuelve a intentarlo desde allí.'],
    notFound: ['Página no encontrada', 'No hay nada en esta dirección. Revisa el enlace o vuelve al sitio.'],
    forApplications: [
      'Aquí no hay nada que ver',
      'Esta dirección es para aplicaciones y no se puede abrir en un navegador.',
    ],
    tooMany: ['Demasiados intentos', 'Espera un momento antes de volver a intentarlo.'],
    unavailable: [
      'No disponible temporalmente',
      'El servicio no puede responder en este momento. Inténtalo de nuevo dentro de unos minutos.',
    ],
    failed: [
      'Algo ha salido mal',
      'Se ha producido un error en el servidor. Si vuelve a ocurrir, comunica el identificador de abajo.',
    ],
    badRequest: [
      'No se ha podido procesar esta solicitud',
      'La dirección no es válida. Vuelve atrás e inténtalo de nuevo.',
    ],
  },
  back: 'Continuar a {site}',
  retry: 'Podrás volver a intentarlo {when}.',
  code: 'Error',
  request: 'ID de la solicitud',
}
