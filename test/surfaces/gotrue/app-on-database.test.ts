/** An application whose tables are in the same Postgres database, as with Supabase: foreign keys, triggers, policies. */
import { beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { API_VERSION, claimsOf, PASSWORD, passwordGrant, refresh, startApp, type TestApp } from '../../support/app'
import { hasPostgres, newPostgresDatabase } from '../../support/postgres'

const APPLICATION = `
  DO $$ BEGIN CREATE ROLE authenticated; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  GRANT USAGE ON SCHEMA public, auth TO authenticated;

  CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    name text,
    email_changes int NOT NULL DEFAULT 0
  );
  GRANT SELECT ON public.profiles TO authenticated;
  ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON public.profiles FOR SELECT USING (id = auth.uid());

  CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.email LIKE 'raise@%' THEN
      RAISE EXCEPTION 'no such customer' USING HINT = 'buy something', DETAIL = NEW.email;
    END IF;
    IF NEW.email LIKE 'pay@%' THEN RAISE EXCEPTION 'pay first' USING ERRCODE = 'PT402'; END IF;
    IF NEW.email LIKE 'broken@%' THEN PERFORM 1 FROM missing; END IF;
    -- On GoTrue's connections, the name alone is that of its table.
    IF NEW.email LIKE 'plan@%' THEN
      UPDATE users SET raw_app_meta_data = raw_app_meta_data || '{"plan": "free"}' WHERE id = NEW.id;
    END IF;
    INSERT INTO public.profiles (id, name) VALUES (NEW.id, NEW.raw_user_meta_data ->> 'name');
    RETURN NEW;
  END $$;
  CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

  CREATE FUNCTION public.handle_email() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.email LIKE 'raise@%' THEN RAISE EXCEPTION 'not that address'; END IF;
    UPDATE public.profiles SET email_changes = email_changes + 1 WHERE id = NEW.id;
    RETURN NEW;
  END $$;
  CREATE TRIGGER on_auth_user_email AFTER UPDATE OF email ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.handle_email();
`

const SETTINGS = { AUTH_JWT_SECRET: 's'.repeat(40), AUTH_ENCRYPTION_KEY: Buffer.alloc(32, 3).toString('hex') }

async function start(settings: Record<string, string> = {}) {
  const database = await newPostgresDatabase()
  const db = new SQL(database.url, { max: 1 })
  await db.unsafe(APPLICATION)
  const app = await startApp({ settings: { ...SETTINGS, AUTH_DATABASE_URL: database.url, ...settings } })
  return {
    app,
    db,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await db.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

const signUp = (app: TestApp, email: string, headers: Record<string, string> = {}) =>
  app.ask('POST', '/auth/v1/signup', { body: { email, password: PASSWORD, data: { name: 'Ada' } }, headers })

describe.skipIf(!hasPostgres)('an application on the same database', () => {
  beforeAll(async () => {
    await (await newPostgresDatabase())[Symbol.asyncDispose]()
  }, 60_000)

  test('its trigger changes a table of GoTrue without its schema', async () => {
    await using server = await start()
    const { app } = server
    const { status, body } = await signUp(app, 'plan@example.com')
    expect(status).toBe(200)
    const { body: user } = await app.ask('GET', '/auth/v1/user', { token: body.access_token })
    expect(user.app_metadata).toMatchObject({ plan: 'free', provider: 'email' })
  })

  test('its trigger sees a new account, and its row goes with the account', async () => {
    await using server = await start()
    const { app, db } = server
    const { body } = await signUp(app, 'ada@example.com')
    const profiles = () => db.unsafe('SELECT id, name FROM public.profiles')
    expect([...(await profiles())]).toEqual([{ id: body.user.id, name: 'Ada' }])
    await app.ask('DELETE', `/auth/v1/admin/users/${body.user.id}`, { token: app.admin })
    expect(await profiles()).toHaveLength(0)
  })

  test('a policy by auth.uid() lets each account see its own row', async () => {
    await using server = await start()
    const { app, db } = server
    const [ada] = [await signUp(app, 'ada@example.com'), await signUp(app, 'bob@example.com')]
    const claims = JSON.stringify(claimsOf(ada.body.access_token))
    const seen = await db.begin(async (tx) => {
      await tx`SELECT set_config('request.jwt.claims', ${claims}, true)`
      await tx`SET LOCAL ROLE authenticated`
      return tx`SELECT id, auth.role() AS role FROM public.profiles`
    })
    expect([...seen]).toEqual([{ id: ada.body.user.id, role: 'authenticated' }])
  })

  test('a function as Custom Access Token hook reads roles of a table into a claim, and a policy reads that claim', async () => {
    await using server = await start({
      AUTH_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED: 'true',
      AUTH_HOOK_CUSTOM_ACCESS_TOKEN_URI: 'pg-functions://postgres/public/custom_access_token',
    })
    const { app, db } = server
    await db.unsafe(`
      CREATE TABLE public.user_roles (user_id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, role text);
      CREATE FUNCTION public.custom_access_token(event jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
      DECLARE granted text;
      BEGIN
        SELECT role INTO granted FROM public.user_roles WHERE user_id = (event ->> 'user_id')::uuid;
        IF granted = 'suspended' THEN
          RETURN jsonb_build_object('error', jsonb_build_object('http_code', 403, 'message', 'You are suspended'));
        END IF;
        -- the session of the token is stored already
        PERFORM 1 FROM auth.sessions WHERE id = (event -> 'claims' ->> 'session_id')::uuid;
        IF NOT FOUND THEN RAISE EXCEPTION 'no session'; END IF;
        RETURN jsonb_set(event, '{claims,user_role}', coalesce(to_jsonb(granted), 'null'));
      END $$;
      CREATE TABLE public.reports (id int PRIMARY KEY);
      INSERT INTO public.reports VALUES (1), (2);
      GRANT SELECT ON public.reports TO authenticated;
      ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;
      CREATE POLICY "admins read" ON public.reports FOR SELECT USING (auth.jwt() ->> 'user_role' = 'admin');
    `)
    const { body } = await signUp(app, 'ada@example.com')
    expect(claimsOf(body.access_token).user_role).toBeNull()
    const give = (role: string) =>
      db`INSERT INTO public.user_roles VALUES (${body.user.id}, ${role})
        ON CONFLICT (user_id) DO UPDATE SET role = excluded.role`
    const readable = async (token: string) => {
      const rows = await db.begin(async (tx) => {
        await tx`SELECT set_config('request.jwt.claims', ${JSON.stringify(claimsOf(token))}, true)`
        await tx`SET LOCAL ROLE authenticated`
        return tx`SELECT id FROM public.reports`
      })
      return rows.length
    }
    expect(await readable(body.access_token)).toBe(0)
    await give('admin')
    const { body: refreshed } = await refresh(app, body.refresh_token)
    expect(await readable(refreshed.access_token)).toBe(2)
    await give('suspended')
    const refused = await refresh(app, refreshed.refresh_token)
    expect([refused.status, refused.body]).toEqual([403, { code: 'unknown', message: 'You are suspended' }])
    await give('editor')
    const { body: again } = await refresh(app, refreshed.refresh_token)
    expect(claimsOf(again.access_token).user_role).toBe('editor')
    expect(await readable(again.access_token)).toBe(0)
  })

  test('a function that sleeps or raises fails the sign-in alone: the session goes, and other requests go on', async () => {
    await using server = await start({
      AUTH_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED: 'true',
      AUTH_HOOK_CUSTOM_ACCESS_TOKEN_URI: 'pg-functions://postgres/public/custom_access_token',
    })
    const { app, db } = server
    const become = (body: string) =>
      db.unsafe(`CREATE OR REPLACE FUNCTION public.custom_access_token(event jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
        BEGIN ${body} RETURN event; END $$`)
    await become('')
    const { body: first } = await signUp(app, 'ada@example.com')
    const signIn = () => passwordGrant(app, { email: 'ada@example.com', password: PASSWORD })
    const sessions = async () => (await db`SELECT id FROM auth.sessions`).length

    // It is ended after two seconds.
    await become('PERFORM pg_sleep(60);')
    let isSlow = true
    const slow = signIn().finally(() => (isSlow = false))
    for (let times = 0; times < 5; times++)
      expect((await app.ask('GET', '/auth/v1/user', { token: first.access_token })).status).toBe(200)
    expect(isSlow).toBe(true)
    const { status, body } = await slow
    const failed = 'Error running hook URI: pg-functions://postgres/public/custom_access_token'
    expect([status, body.message]).toEqual([500, failed])

    await become("RAISE EXCEPTION 'not today';")
    const raised = await signIn()
    expect([raised.status, raised.body.message]).toEqual([500, failed])
    expect((await refresh(app, first.refresh_token)).status).toBe(500)
    expect(await sessions()).toBe(1)

    await become('')
    expect((await signIn()).status).toBe(200)
    expect((await refresh(app, first.refresh_token)).status).toBe(200)
  }, 60_000)

  test('policies by claims of roles let each account do what its roles permit (docs/roles-and-claims.md)', async () => {
    const byRole = {
      editor: { user_role: 'editor', permissions: ['posts.write'] },
      moderator: { user_role: 'moderator', permissions: ['posts.delete'] },
    }
    await using server = await start({ AUTH_JWT_ROLE_CLAIMS: JSON.stringify(byRole) })
    const { app, db } = server
    await db.unsafe(`
      CREATE TABLE public.posts (id int PRIMARY KEY, title text);
      INSERT INTO public.posts SELECT n, 'old' FROM generate_series(1, 3) AS n;
      GRANT SELECT, UPDATE, DELETE ON public.posts TO authenticated;
      ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;
      CREATE POLICY "everyone reads" ON public.posts FOR SELECT USING (true);
      CREATE POLICY "editors write" ON public.posts FOR UPDATE USING (auth.jwt() ->> 'user_role' = 'editor');
      CREATE POLICY "permitted users delete" ON public.posts FOR DELETE
        USING (auth.jwt() -> 'permissions' ? 'posts.delete');
    `)
    const { body } = await signUp(app, 'ada@example.com')
    const changed = async () => {
      const { accessToken } = await app.signIn('ada@example.com')
      const claims = JSON.stringify(claimsOf(accessToken))
      return db.begin(async (tx) => {
        await tx`SELECT set_config('request.jwt.claims', ${claims}, true)`
        await tx`SET LOCAL ROLE authenticated`
        const updated = await tx`UPDATE public.posts SET title = 'new' RETURNING id`
        const deleted = await tx`DELETE FROM public.posts WHERE id = 1 RETURNING id`
        await tx`ROLLBACK AND CHAIN`
        return [updated.length, deleted.length]
      })
    }
    const grant = (role: string) =>
      app.ask('PUT', `/auth/v1/admin/users/${body.user.id}/roles/${role}`, { token: app.admin })
    expect(await changed()).toEqual([0, 0])
    await grant('moderator')
    expect(await changed()).toEqual([0, 1])
    await grant('editor')
    expect(await changed()).toEqual([3, 1])
  })

  test('a trigger that raises refuses a sign-up, and nothing of it remains', async () => {
    await using server = await start()
    const { app, db } = server
    const { status, body, headers } = await signUp(app, 'raise@example.com')
    expect([status, body]).toEqual([500, { code: 'unexpected_failure', message: 'Database error saving new user' }])
    expect(headers.get('x-sb-error-code')).toBe('unexpected_failure')
    expect(JSON.stringify(app.log())).toContain('no such customer')
    for (const table of ['users', 'identities', 'sessions', 'audit_log_entries'])
      expect([table, [...(await db.unsafe(`SELECT FROM auth.${table}`))]]).toEqual([table, []])
    expect((await signUp(app, 'ada@example.com')).status).toBe(200)
  })

  test('clients of the older API version get what it raised, with its status', async () => {
    await using server = await start()
    const { app } = server
    const older = Object.fromEntries(Object.keys(API_VERSION).map((name) => [name, '']))
    const raised = await signUp(app, 'raise@example.com', older)
    expect([raised.status, raised.body]).toEqual([
      500,
      { code: 'P0001', message: 'no such customer', hint: 'buy something', detail: 'raise@example.com' },
    ])
    const coded = await signUp(app, 'pay@example.com', older)
    expect([coded.status, coded.body]).toEqual([402, { code: 'PT402', message: 'pay first' }])
    const broken = await signUp(app, 'broken@example.com', older)
    expect([broken.status, broken.body.error_code, broken.body.msg]).toEqual([
      500,
      'unexpected_failure',
      'Database error saving new user',
    ])
    expect((await signUp(app, 'pay@example.com')).status).toBe(500)
  })

  test('a trigger on the address fires if it changes, and may refuse the change', async () => {
    await using server = await start()
    const { app, db } = server
    const ada = await app.signUp('ada@example.com')
    const changes = async () => (await db.unsafe('SELECT email_changes FROM public.profiles'))[0].email_changes
    const { accessToken: token } = await app.signIn('ada@example.com')
    const body = { data: { name: 'Augusta' } }
    expect((await app.ask('PUT', '/auth/v1/user', { token, body })).status).toBe(200)
    expect(await changes()).toBe(0)
    const update = (email: string) =>
      app.ask('PUT', `/auth/v1/admin/users/${ada.id}`, { token: app.admin, body: { email } })
    expect((await update('augusta@example.com')).body.email).toBe('augusta@example.com')
    expect(await changes()).toBe(1)
    const refused = await update('raise@example.com')
    expect([refused.status, refused.body]).toEqual([
      500,
      { code: 'unexpected_failure', message: 'Database error updating user' },
    ])
    expect((await app.ask('GET', `/auth/v1/admin/users/${ada.id}`, { token: app.admin })).body.email).toBe(
      'augusta@example.com',
    )
  })
})
