-- What agents note on a campaign record, and recalls: when, on which number and to whom. New columns only; takes no
-- time, except for the index on pending recalls, which reads campaign_record once.

ALTER TABLE campaign_record
    ADD COLUMN second_disposition text,
    ADD COLUMN notes              text,
    ADD COLUMN recalls            integer NOT NULL DEFAULT 0,
    ADD COLUMN recall             json;
COMMENT ON COLUMN campaign_record.recalls IS 'how often a recall was arranged';
COMMENT ON COLUMN campaign_record.recall IS 'the recall that next_try_at is for: phone, style, agent';

CREATE INDEX campaign_record_recall
    ON campaign_record (tenant_id, campaign_id, next_try_at)
 WHERE recall IS NOT NULL AND removed_at IS NULL;

CREATE OR REPLACE VIEW live_campaign_record AS
SELECT tenant_id, id, campaign_id, list_id, record_id, tries, phone_tries, priority, next_try_at, barred, outcome,
       disposition, completed_at, last_attempt_at, claimed_by, claim_token, claimed_until, created_at, changed_at,
       second_disposition, notes, recalls, recall
  FROM campaign_record
 WHERE removed_at IS NULL;
