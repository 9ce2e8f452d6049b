/** Texts of the views of a user who is signed in. */
export const account = {
  overview: 'Overview',
}
