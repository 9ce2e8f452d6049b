const url = 'http://localhost:7020'
const publishableKey = 'the publishable key'

// `supabase` comes from supabase.js, which the pages load before this file.
export const { auth } = supabase.createClient(url, publishableKey)
