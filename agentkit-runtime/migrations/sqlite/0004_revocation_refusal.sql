-- Why the provider did not take a revocation when it was last told: a word of ours.
ALTER TABLE revocation ADD COLUMN refusal TEXT;
