/**
 * Columns of an account that are cleared with its password or address: pending messages may have been requested by
 * someone who knew the old password, so their tokens become invalid. Cooldowns for other addresses and numbers are kept,
 * or they could be bypassed.
 */
export const CLEARED_SENT_AT = {
  confirmationSentAt: null,
  recoverySentAt: null,
  reauthenticationSentAt: null,
}
