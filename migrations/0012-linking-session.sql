-- The session in which an identity is linked: once it is over, so is the link that is under way.
ALTER TABLE oauth_states ADD COLUMN linking_session_id TEXT;
