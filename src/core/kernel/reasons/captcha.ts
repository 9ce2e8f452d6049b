/** Captchas. */
export type CaptchaReason =
  | 'captcha_token_missing'
  /** `detail`: the error codes of the verifier, separated by commas. */
  | 'captcha_refused'
  /** The verifier did not answer, or not as expected. */
  | 'captcha_check_failed'
  /** A challenge was requested for an unknown action. `detail`: the known ones. */
  | 'captcha_action_unknown'
