/** The actions for which a captcha is solved. A proof of work is valid for its own action only. */
export const CAPTCHA_ACTIONS = ['sign_up', 'sign_in', 'otp', 'recover', 'resend'] as const

export type CaptchaAction = (typeof CAPTCHA_ACTIONS)[number]

export const isCaptchaAction = (name: string): name is CaptchaAction =>
  (CAPTCHA_ACTIONS as readonly string[]).includes(name)
