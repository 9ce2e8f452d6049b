import { useState } from 'react'
import { Button, StyleSheet, TextInput, View } from 'react-native'
import { redirectTo, signInWithProvider } from './lib/links'
import { supabase } from './lib/supabase'

/** With a password, with a link or code by mail, or with a provider. */
export function SignIn({ say }: { say(message: string): void }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [isSent, setSent] = useState(false)
  const emailRedirectTo = redirectTo

  async function attempt(request: Promise<{ error: Error | null }>): Promise<boolean> {
    const { error } = await request
    say(error?.message ?? '')
    return !error
  }

  const signIn = () => attempt(supabase.auth.signInWithPassword({ email, password }))
  const signUp = () => attempt(supabase.auth.signUp({ email, password, options: { emailRedirectTo } }))
  const enterCode = () => attempt(supabase.auth.verifyOtp({ email, token: code, type: 'email' }))

  async function sendLink() {
    if (!(await attempt(supabase.auth.signInWithOtp({ email, options: { emailRedirectTo } })))) return
    setSent(true)
    say('Check your mail: open the link on this device, or enter the code.')
  }

  return (
    <View style={styles.form}>
      <TextInput
        aria-label="Email"
        placeholder="Email"
        autoComplete="email"
        inputMode="email"
        autoCapitalize="none"
        value={email}
        onChangeText={setEmail}
        style={styles.field}
      />
      <TextInput
        aria-label="Password"
        placeholder="Password"
        autoComplete="current-password"
        secureTextEntry
        value={password}
        onChangeText={setPassword}
        style={styles.field}
      />
      <Button title="Sign in" onPress={signIn} />
      <Button title="Sign up" onPress={signUp} />
      <Button title="Email me a link" onPress={sendLink} />
      {isSent && (
        <>
          <TextInput
            aria-label="Code"
            placeholder="Code"
            autoComplete="one-time-code"
            inputMode="numeric"
            value={code}
            onChangeText={setCode}
            style={styles.field}
          />
          <Button title="Enter code" onPress={enterCode} />
        </>
      )}
      <Button
        title="Continue with GitHub"
        onPress={() => signInWithProvider('github').catch((error: Error) => say(error.message))}
      />
    </View>
  )
}

const styles = StyleSheet.create({
  form: { gap: 12 },
  field: { borderWidth: 1, borderColor: '#8888', borderRadius: 6, padding: 12, fontSize: 16, backgroundColor: '#fff' },
})
