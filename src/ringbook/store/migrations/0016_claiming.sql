-- Who may be called, and when; and which record is called next. Writes campaign_record anew, once: a minute for some
-- million records.

-- What a claim has found out is kept, so that a record that may not be called now is not looked at again and again.
ALTER TABLE campaign_record
    ADD COLUMN held_until timestamptz,
    ADD COLUMN held_by    text,
    ADD COLUMN due_at     timestamptz GENERATED ALWAYS AS (GREATEST(next_try_at, claimed_until, held_until)) STORED;
COMMENT ON COLUMN campaign_record.held_until IS 'a claim found that the record may not be called before';
COMMENT ON COLUMN campaign_record.held_by IS 'why: hours, do_not_call, tries, in_call or no_number';
COMMENT ON COLUMN campaign_record.due_at IS 'when the next claim looks at the record; null: in its turn';

DROP INDEX campaign_record_next;
CREATE INDEX campaign_record_next
    ON campaign_record (tenant_id, campaign_id, priority DESC, due_at, id)
 WHERE completed_at IS NULL AND removed_at IS NULL AND barred IS NULL;

CREATE INDEX campaign_record_claim
    ON campaign_record (tenant_id, claim_token)
 WHERE claim_token IS NOT NULL;

-- The index is a queue: what was claimed leaves dead entries at its front, which every claim steps over until they
-- are vacuumed.
ALTER TABLE campaign_record SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

-- A number that somebody is calling: nobody else is given it, in whatever campaign.
CREATE TABLE claimed_number (
    tenant_id          bigint      NOT NULL,
    match_key          text        NOT NULL COLLATE "C",
    campaign_record_id bigint      NOT NULL,
    claim_token        uuid        NOT NULL,
    until              timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, match_key)
);
CREATE INDEX claimed_number_record ON claimed_number (tenant_id, campaign_record_id);

CREATE TABLE calling_rules (
    tenant_id bigint NOT NULL PRIMARY KEY,
    rules     json   NOT NULL
);
COMMENT ON TABLE calling_rules IS 'hours, holidays and tries for all campaigns of a tenant; a campaign''s own are in its settings';

CREATE TABLE postcode (
    tenant_id bigint NOT NULL,
    prefix    text   NOT NULL COLLATE "C",
    time_zone text   NOT NULL,
    PRIMARY KEY (tenant_id, prefix)
);
COMMENT ON TABLE postcode IS 'the time zones of the tenant''s postcodes: the longest beginning counts';
