-- From layout 2: exemptions, overrides, shifts, and where plates and passes come from.
ALTER TABLE crossing ADD COLUMN plate_source TEXT;
ALTER TABLE crossing ADD COLUMN shift TEXT;
ALTER TABLE crossing ADD COLUMN use_window INTEGER;
ALTER TABLE crossing ADD COLUMN how TEXT;
ALTER TABLE closing ADD COLUMN why TEXT;
ALTER TABLE closing ADD COLUMN shift TEXT;
