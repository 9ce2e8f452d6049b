-- The account that a message is about, whatever address it went to; it may be deleted since. NULL for earlier messages.
ALTER TABLE messages ADD COLUMN user_id TEXT;
CREATE INDEX messages_user ON messages (user_id, seq) WHERE user_id IS NOT NULL;
