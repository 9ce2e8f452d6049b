-- Refresh tokens from before a session passed its second factor. Where they may be used again, they stay at aal1.

-- Counter of the first refresh token issued after the session became aal2; NULL if it never did.
ALTER TABLE sessions ADD COLUMN elevated_at_counter INTEGER;

-- Elevation advances the counter by two, so the parent of the current token was issued after it.
UPDATE sessions SET elevated_at_counter = refresh_token_counter - 1 WHERE aal = 'aal2';
