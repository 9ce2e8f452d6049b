import type { ErrorPageTexts } from '../texts'

export const fr: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'Ce lien ne fonctionne plus',
      'Il a expiré, a déjà été utilisé ou a été remplacé par un lien plus récent. Demandez un nouveau lien et ouvrez le dernier message reçu.',
    ],
    incompleteLink: [
      'Ce lien est incomplet',
      'Une partie de l’adresse manque. Rouvrez le lien depuis le message ou copiez-le en entier.',
    ],
    providerOff: [
      'Ce mode de connexion n’est pas disponible',
      'Revenez en arrière et choisissez un autre mode de connexion.',
    ],
    interruptedSignIn: [
      'La connexion n’a pas pu aboutir',
      'Elle a duré trop longtemps, a déjà abouti ou a été commencée dans un autre navigateur. Revenez en arrière et reconnectez-vous.',
    ],
    refused: ['Cette action n’est pas autorisée', 'Votre compte ou les réglages de ce service ne le permettent pas.'],
    signedOut: ['Vous n’êtes pas connecté', 'Connectez-vous à l’application et réessayez depuis celle-ci.'],
    notFound: ['Page introuvable', 'Il n’y a rien à cette adresse. Vérifiez le lien ou retournez sur le site.'],
    forApplications: [
      'Rien à voir ici',
      'Cette adresse est destinée aux applications et ne s’ouvre pas dans un navigateur.',
    ],
    tooMany: ['Trop de tentatives', 'Patientez un instant avant de réessayer.'],
    unavailable: [
      'Momentanément indisponible',
      'Le service ne peut pas répondre pour le moment. Réessayez dans quelques minutes.',
    ],
    failed: [
      'Une erreur s’est produite',
      'Le serveur a rencontré une erreur. Si elle se reproduit, signalez l’identifiant ci-dessous.',
    ],
    badRequest: [
      'Cette demande n’a pas pu être traitée',
      'L’adresse n’est pas valide. Revenez en arrière et réessayez.',
    ],
  },
  back: 'Continuer vers {site}',
  retry: 'Vous pourrez réessayer {when}.',
  code: 'Erreur',
  request: 'Identifiant de la requête',
}
