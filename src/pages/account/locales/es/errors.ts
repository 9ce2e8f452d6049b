import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'El servidor lo ha rechazado: {message}',
  request: 'ID de la solicitud: {id}',
  wait: 'Demasiados intentos. Podrá volver a intentarlo {when}.',
  over_request_rate_limit: 'Demasiados intentos. Espere un momento antes de volver a intentarlo.',
  offline: 'No se puede contactar con el servidor. Compruebe la conexión e inténtelo de nuevo.',
  unexpected_failure: 'Se ha producido un error en el servidor. Inténtelo de nuevo dentro de unos minutos.',
  invalid_credentials: 'Estos datos no corresponden a ninguna cuenta.',
  weak_password: 'Esta contraseña es demasiado fácil de adivinar. Elija una más segura.',
  pwned_password: 'Esta contraseña aparece en filtraciones de datos conocidas. Elija otra.',
}
