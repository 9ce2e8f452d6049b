-- The account that a message is about, whatever address it went to; it may be deleted since. NULL for earlier messages.
ALTER TABLE latchkey.messages ADD COLUMN user_id text;
CREATE INDEX messages_user ON latchkey.messages (user_id, seq) WHERE user_id IS NOT NULL;
