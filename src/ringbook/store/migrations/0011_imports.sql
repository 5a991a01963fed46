-- What an import wrote, so that it can be undone: its id in the rows that it inserted and in the journal of those that it
-- changed, and in which ranges of ids its rows are. New columns, empty and so without a rewrite; takes no time.

ALTER TABLE contact ADD COLUMN import_id bigint;
COMMENT ON COLUMN contact.import_id IS 'the import that inserted it';

ALTER TABLE list_record ADD COLUMN import_id bigint;
COMMENT ON COLUMN list_record.import_id IS 'the import that inserted it';

ALTER TABLE change ADD COLUMN import_id bigint;
COMMENT ON COLUMN change.import_id IS 'the import that changed it';

CREATE INDEX change_import ON change (tenant_id, import_id, id) WHERE import_id IS NOT NULL;

-- The rows themselves have no index by import: everybody's writes would pay for it.
CREATE TABLE import_range (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    entity    text   NOT NULL,
    first_id  bigint NOT NULL,
    last_id   bigint NOT NULL,
    PRIMARY KEY (tenant_id, import_id, entity, first_id)
);
COMMENT ON TABLE import_range IS 'between which ids an import inserted rows; others may have ids in between';
