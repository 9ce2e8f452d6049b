import type { Provider } from '@supabase/supabase-js'
import * as Linking from 'expo-linking'
import * as WebBrowser from 'expo-web-browser'
import { Platform } from 'react-native'
import { supabase } from './supabase'

/** Where links in mails and providers lead: `latchkey-expo://auth`, in Expo Go `exp://…/--/auth`, on the web the page. */
export const redirectTo = Linking.createURL(Platform.OS === 'web' ? '/' : 'auth')

const handled = new Set<string>()

/**
 * Exchanges the code in a link for a session; on the web, supabase-js does. Android reports the link of a provider twice.
 * @throws with the server's reason if the link is used or too old
 */
export async function signInFromUrl(url: string): Promise<void> {
  if (handled.has(url)) return
  handled.add(url)
  const { code, error_description: refusal } = Linking.parse(url).queryParams ?? {}
  if (refusal) throw new Error(String(refusal))
  if (typeof code !== 'string' || Platform.OS === 'web') return
  const { error } = await supabase.auth.exchangeCodeForSession(code)
  if (error) throw error
}

export async function signInWithProvider(provider: Provider): Promise<void> {
  const { data, error } = await supabase.auth.signInWithOAuth({
    provider,
    options: { redirectTo, skipBrowserRedirect: Platform.OS !== 'web' },
  })
  if (error) throw error
  if (Platform.OS === 'web') return
  const result = await WebBrowser.openAuthSessionAsync(data.url, redirectTo)
  if (result.type === 'success') await signInFromUrl(result.url)
}
