/** What went wrong, by the `code` of an error; some have other names. */
export const errors = {
  other: 'The server refused: {message}',
  request: 'Request ID: {id}',
  wait: 'Too many attempts. You can try again {when}.',
  over_request_rate_limit: 'Too many attempts. Wait a moment before you try again.',
  offline: 'The server cannot be reached. Check your connection and try again.',
  unexpected_failure: 'Something went wrong on the server. Try again in a few minutes.',
  invalid_credentials: 'These details do not match an account.',
  weak_password: 'This password is too easy to guess. Choose a stronger one.',
  pwned_password: 'This password appears in known data leaks. Choose another one.',
}
