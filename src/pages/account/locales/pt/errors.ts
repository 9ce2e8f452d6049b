import type { ErrorsTexts } from '../texts'

export const errors: ErrorsTexts = {
  other: 'O servidor recusou: {message}',
  request: 'ID da solicitação: {id}',
  wait: 'Muitas tentativas. Você poderá tentar novamente {when}.',
  over_request_rate_limit: 'Muitas tentativas. Aguarde um momento antes de tentar novamente.',
  offline: 'Não foi possível acessar o servidor. Verifique a conexão e tente novamente.',
  unexpected_failure: 'Ocorreu um erro no servidor. Tente novamente em alguns minutos.',
  invalid_credentials: 'Esses dados não correspondem a nenhuma conta.',
  weak_password: 'Esta senha é muito fácil de adivinhar. Escolha uma mais forte.',
  pwned_password: 'Esta senha aparece em vazamentos de dados conhecidos. Escolha outra.',
}
