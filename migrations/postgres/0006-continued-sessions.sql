-- A code that continues a session in an application: that session, and the assurance level that its owner showed for it.
ALTER TABLE latchkey.flow_state ADD COLUMN session_id uuid, ADD COLUMN aal text;
