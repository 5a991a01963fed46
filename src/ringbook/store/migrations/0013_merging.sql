-- What one person's record is made of: which merge took a contact away, and the attempts that belong to a contact.
-- Both are asked for when contacts are merged, taken apart, or erased.

CREATE INDEX contact_merge_merged ON contact_merge (tenant_id, merged_id);
CREATE INDEX attempt_contact ON attempt (tenant_id, contact_id) WHERE contact_id IS NOT NULL;
COMMENT ON COLUMN contact_merge.evidence IS 'what each contact was, what was taken from which, and what came along';
COMMENT ON COLUMN contact.merged_into IS 'the contact that this one has become a part of; it is deleted as long';
