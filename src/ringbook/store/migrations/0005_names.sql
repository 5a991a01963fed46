-- Records in the order of their names: what a dialler shows of a list or of all (jtel).
-- Records from before have no name to sort by until they are written again.

ALTER TABLE list_record ADD COLUMN sort_name text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN list_record.sort_name IS 'the folded last name, else the first, else the company';

CREATE INDEX list_record_name ON list_record (tenant_id, list_id, sort_name, id);
