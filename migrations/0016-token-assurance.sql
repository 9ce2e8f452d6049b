-- The assurance level that a session had passed when an opaque token of it was issued. A token never counts for more,
-- whatever the session passes afterwards with another token; what takes its place at a refresh inherits it.
ALTER TABLE session_tokens ADD COLUMN aal TEXT NOT NULL DEFAULT 'aal1';

-- A session that began with its second factor has no token from before it.
UPDATE session_tokens SET aal = 'aal2'
WHERE EXISTS (
  SELECT 1 FROM sessions
  WHERE sessions.id = session_tokens.family_id AND sessions.aal = 'aal2'
    AND NOT EXISTS (
      SELECT 1 FROM mfa_amr_claims
      WHERE mfa_amr_claims.session_id = sessions.id AND mfa_amr_claims.created_at > sessions.created_at
    )
);
