/**
 * Columns of an account that are cleared with its password or address: messages under way may have been requested by
 * someone who knew the old password, so they no longer count. Cooldowns for other addresses and numbers stay, or they
 * could be bypassed.
 */
export const CLEARED_SENT_AT = {
  confirmationSentAt: null,
  recoverySentAt: null,
  reauthenticationSentAt: null,
}
