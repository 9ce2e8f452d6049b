/** Shows the mail that the dashboard sends to this frame. Scripts that are set as markup do not run. */
addEventListener('message', ({ source, data }) => {
  if (source === parent && typeof data === 'string') document.documentElement.innerHTML = data
})
