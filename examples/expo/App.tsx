import type { Session } from '@supabase/supabase-js'
import { useLinkingURL } from 'expo-linking'
import { useEffect, useState } from 'react'
import { Button, StyleSheet, Text, View } from 'react-native'
import { signInFromUrl } from './lib/links'
import { supabase } from './lib/supabase'
import { SignIn } from './SignIn'

export function App() {
  const [session, setSession] = useState<Session | null>()
  const [message, setMessage] = useState('')
  const url = useLinkingURL()

  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((_event, next) => {
      setSession(next)
      if (next) setMessage('')
    })
    return () => data.subscription.unsubscribe()
  }, [])

  useEffect(() => {
    if (url) signInFromUrl(url).catch((error: Error) => setMessage(error.message))
  }, [url])

  if (session === undefined) return null
  return (
    <View style={styles.screen}>
      <View style={styles.column}>
        {session ? (
          <>
            <Text role="heading" style={styles.heading}>
              Signed in as {session.user.email}
            </Text>
            <Button title="Sign out" onPress={() => supabase.auth.signOut({ scope: 'local' })} />
          </>
        ) : (
          <SignIn say={setMessage} />
        )}
        <Text role="status">{message}</Text>
      </View>
    </View>
  )
}

const styles = StyleSheet.create({
  screen: { flex: 1, alignItems: 'center', justifyContent: 'center', padding: 24, backgroundColor: '#fff' },
  column: { width: '100%', maxWidth: 480, gap: 16 },
  heading: { fontSize: 18, textAlign: 'center' },
})
