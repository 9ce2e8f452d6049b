import './crypto'
import AsyncStorage from '@react-native-async-storage/async-storage'
import { createClient } from '@supabase/supabase-js'
import { AppState, Platform } from 'react-native'

const url = process.env.EXPO_PUBLIC_SUPABASE_URL
const key = process.env.EXPO_PUBLIC_SUPABASE_PUBLISHABLE_KEY
if (!url || !key) throw new Error('Write .env.local with `latchkey status -o env`, and restart Expo.')

export const supabase = createClient(url, key, {
  auth: {
    storage: AsyncStorage,
    flowType: 'pkce',
    // On a device, links arrive by `useLinkingURL`.
    detectSessionInUrl: Platform.OS === 'web',
  },
})

/** Timers stop in the background, so the session is refreshed while the app is in front. */
if (Platform.OS !== 'web') {
  AppState.addEventListener('change', (state) => {
    if (state === 'active') supabase.auth.startAutoRefresh()
    else supabase.auth.stopAutoRefresh()
  })
}
