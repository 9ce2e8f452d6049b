/** The operations that change an account. */
export { confirmEmail, resetPassword, signInWithLink } from './confirm-email'
export { confirmEmailChange, confirmFirstAddress } from './confirm-email-change'
export { confirmPhone, confirmPhoneChange } from './confirm-phone'
export { linkIdentity, linkIdentityWithPendingEmail, unlinkIdentity } from './link-identity'
export {
  queueServiceLink,
  recordAdminLink,
  recordMessage,
  storeConfirmationTokens,
  storeMessageTokens,
  withdrawMessage,
} from './record-message'
export { acceptInvitation, completeIdentitySignUp, signInWithIdentity } from './sign-in-with-identity'
export { requestContactChange, updateOwnAccount, updateUserAsAdmin } from './update-account'
