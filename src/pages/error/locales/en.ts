import type { ErrorPageTexts } from '../texts'

export const en: ErrorPageTexts = {
  kinds: {
    deadLink: [
      'This link no longer works',
      'It has expired, was already used, or was replaced by a newer one. Request a new link and open the latest message.',
    ],
    incompleteLink: [
      'This link is incomplete',
      'Part of the address is missing. Open the link from the message again, or copy all of it.',
    ],
    providerOff: ['This sign-in method is not available', 'Go back and choose another way to sign in.'],
    interruptedSignIn: [
      'Sign-in could not be completed',
      'It took too long, was already completed, or was started in another browser. Go back and sign in again.',
    ],
    refused: ['This is not allowed', 'Your account or the settings of this service do not allow it.'],
    signedOut: ['You are not signed in', 'Sign in to the application and try again from there.'],
    notFound: ['Page not found', 'There is nothing at this address. Check the link, or go back to the site.'],
    forApplications: ['For applications only', 'This address is for applications and cannot be opened in a browser.'],
    tooMany: ['Too many attempts', 'Wait a moment before you try again.'],
    unavailable: ['Temporarily unavailable', 'The service cannot respond right now. Try again in a few minutes.'],
    failed: ['Something went wrong', 'An error occurred on the server. If it happens again, report the ID below.'],
    badRequest: ['This request could not be processed', 'The address is not valid. Go back and try again.'],
  },
  back: 'Continue to {site}',
  retry: 'You can try again {when}.',
  code: 'Error',
  request: 'Request ID',
}
