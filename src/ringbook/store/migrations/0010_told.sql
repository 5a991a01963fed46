-- When a campaign was told of what became of a record: the order in which that is fetched. Takes a moment for each
-- record that was tried or completed, and holds campaign_record meanwhile.

ALTER TABLE campaign_record
    ADD COLUMN told_at timestamptz;
COMMENT ON COLUMN campaign_record.told_at IS 'the last attempt was reported, or the record was coded; no two of a bulk alike';

-- What was told at one moment is spread, so that pages end.
UPDATE campaign_record c
   SET told_at = t.told_at
  FROM (
        SELECT tenant_id, id,
               changed_at + (row_number() OVER (PARTITION BY tenant_id, campaign_id, changed_at ORDER BY id) - 1)
                            * interval '1 millisecond' AS told_at
          FROM campaign_record
         WHERE last_attempt_at IS NOT NULL OR completed_at IS NOT NULL
       ) t
 WHERE c.tenant_id = t.tenant_id
   AND c.id = t.id;

DROP INDEX campaign_record_tried;

-- Its condition follows from no other index's, nor does theirs from it: neither can be taken for the other.
CREATE INDEX campaign_record_told
    ON campaign_record (tenant_id, campaign_id, list_id, told_at, id)
 WHERE told_at IS NOT NULL AND removed_at IS NULL;
