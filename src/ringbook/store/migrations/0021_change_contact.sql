-- Whom a change is about, where its entity is not the contact itself: events about one contact are told in order.

ALTER TABLE change
    ADD COLUMN contact_id bigint;
COMMENT ON COLUMN change.contact_id IS 'whose call, list record or campaign record it was; null for all else';
