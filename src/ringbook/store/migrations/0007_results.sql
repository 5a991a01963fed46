-- What a campaign has done of one list, in the order of completion and in the order it was told of.
CREATE INDEX campaign_record_completed
    ON campaign_record (tenant_id, campaign_id, list_id, completed_at, id)
 WHERE completed_at IS NOT NULL AND removed_at IS NULL;

CREATE INDEX campaign_record_tried
    ON campaign_record (tenant_id, campaign_id, list_id, changed_at, id)
 WHERE (last_attempt_at IS NOT NULL OR completed_at IS NOT NULL) AND removed_at IS NULL;
