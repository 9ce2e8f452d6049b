/** The operations that change an account. */
export { confirmEmail, confirmEmailChange, confirmFirstAddress } from './confirm-email'
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
export { updateOwnAccount, updateUserAsAdmin } from './update-account'
