import type { ErrorPageTexts } from '../texts'

export const pt: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Este link já não funciona',
      'Expirou, já foi utilizado ou foi substituído por um mais recente. Peça um novo link e abra a mensagem mais recente.',
    ],
    incompleteLink: [
      'Este link está incompleto',
      'Falta uma parte do endereço. Abra novamente o link a partir da mensagem ou copie-o por inteiro.',
    ],
    providerOff: [
      'Este método de início de sessão não está disponível',
      'Volte atrás e escolha outra forma de iniciar sessão.',
    ],
    interruptedSignIn: [
      'Não foi possível concluir o início de sessão',
      'Demorou demasiado, já tinha sido concluído ou foi iniciado noutro navegador. Volte atrás e inicie sessão novamente.',
    ],
    refused: ['Isto não é permitido', 'A sua conta ou as definições deste serviço não o permitem.'],
    signedOut: ['Não tem sessão iniciada', 'Inicie sessão na aplicação e tente novamente a partir daí.'],
    notFound: ['Página não encontrada', 'Não existe nada neste endereço. Verifique o link ou volte ao site.'],
    forApplications: [
      'Não há nada para ver aqui',
      'Este endereço destina-se a aplicações e não pode ser aberto num navegador.',
    ],
    tooMany: ['Demasiadas tentativas', 'Aguarde um momento antes de tentar novamente.'],
    unavailable: [
      'Temporariamente indisponível',
      'O serviço não consegue responder neste momento. Tente novamente dentro de alguns minutos.',
    ],
    failed: ['Algo correu mal', 'Ocorreu um erro no servidor. Se voltar a acontecer, comunique o ID abaixo.'],
    badRequest: ['Não foi possível processar este pedido', 'O endereço não é válido. Volte atrás e tente novamente.'],
  },
  back: 'Continuar para {site}',
  retry: 'Pode tentar novamente {when}.',
  code: 'Erro',
  request: 'ID do pedido',
}
