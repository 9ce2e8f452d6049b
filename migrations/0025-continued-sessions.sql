-- A code that continues a session in an application: that session, and the assurance level that its owner showed for it.
ALTER TABLE flow_state ADD COLUMN session_id TEXT;
ALTER TABLE flow_state ADD COLUMN aal TEXT;
