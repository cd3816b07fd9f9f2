-- What a person says of an account before it is connected: JSON object of texts.
ALTER TABLE flow ADD COLUMN account_values TEXT NOT NULL DEFAULT '{}';
