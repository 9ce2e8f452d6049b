-- What administrators search accounts by: addresses, numbers and names, by each three characters of them. The index has no
-- copy of the texts, so a row is removed from it by its text.

CREATE VIRTUAL TABLE user_search USING fts5(text, content='', detail='none', tokenize='trigram');

INSERT INTO user_search (rowid, text)
  SELECT uid, coalesce(email, '')
      || char(10) || coalesce(phone, '')
      || char(10) || coalesce(username, '')
      || char(10) || coalesce(json_extract(raw_user_meta_data, '$.full_name'), '')
      || char(10) || coalesce(json_extract(raw_user_meta_data, '$.name'), '')
  FROM users;

CREATE TRIGGER user_search_added AFTER INSERT ON users BEGIN
  INSERT INTO user_search (rowid, text)
  VALUES (new.uid, coalesce(new.email, '')
      || char(10) || coalesce(new.phone, '')
      || char(10) || coalesce(new.username, '')
      || char(10) || coalesce(json_extract(new.raw_user_meta_data, '$.full_name'), '')
      || char(10) || coalesce(json_extract(new.raw_user_meta_data, '$.name'), ''));
END;

CREATE TRIGGER user_search_removed AFTER DELETE ON users BEGIN
  INSERT INTO user_search (user_search, rowid, text)
  VALUES ('delete', old.uid, coalesce(old.email, '')
      || char(10) || coalesce(old.phone, '')
      || char(10) || coalesce(old.username, '')
      || char(10) || coalesce(json_extract(old.raw_user_meta_data, '$.full_name'), '')
      || char(10) || coalesce(json_extract(old.raw_user_meta_data, '$.name'), ''));
END;

CREATE TRIGGER user_search_changed AFTER UPDATE OF email, phone, username, raw_user_meta_data ON users
WHEN old.email IS NOT new.email OR old.phone IS NOT new.phone OR old.username IS NOT new.username
  OR old.raw_user_meta_data IS NOT new.raw_user_meta_data
BEGIN
  INSERT INTO user_search (user_search, rowid, text)
  VALUES ('delete', old.uid, coalesce(old.email, '')
      || char(10) || coalesce(old.phone, '')
      || char(10) || coalesce(old.username, '')
      || char(10) || coalesce(json_extract(old.raw_user_meta_data, '$.full_name'), '')
      || char(10) || coalesce(json_extract(old.raw_user_meta_data, '$.name'), ''));
  INSERT INTO user_search (rowid, text)
  VALUES (new.uid, coalesce(new.email, '')
      || char(10) || coalesce(new.phone, '')
      || char(10) || coalesce(new.username, '')
      || char(10) || coalesce(json_extract(new.raw_user_meta_data, '$.full_name'), '')
      || char(10) || coalesce(json_extract(new.raw_user_meta_data, '$.name'), ''));
END;
