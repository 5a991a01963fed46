-- Secrets that live on for a while after their key was given another one, and the indexes of what the native API
-- searches: the journal by kind or by id, calls by time or by agent. Each index reads its table once and holds writers
-- of it meanwhile: of ten million changes or legs, about a minute.

CREATE TABLE former_secret (
    digest        bytea       NOT NULL,
    dialect       text        NOT NULL,
    tenant_id     bigint      NOT NULL REFERENCES tenant,
    credential_id bigint      NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    ends_at       timestamptz NOT NULL,
    PRIMARY KEY (digest, dialect)
);
COMMENT ON TABLE former_secret IS 'a row stays when its time is over, so that its secret never comes to life again by chance';
CREATE INDEX credential_of ON credential (tenant_id, id) WHERE revoked_at IS NULL;
CREATE INDEX former_secret_credential ON former_secret (credential_id);

-- Each with what its key is now.
CREATE VIEW live_former_secret AS
    SELECT f.digest, f.dialect, c.id, c.tenant_id, c.name, c.scopes, c.template_id, c.per_second, c.created_at,
           c.expires_at
      FROM former_secret f
      JOIN live_credential c
        ON c.id = f.credential_id
     WHERE f.ends_at > ringbook_now(f.tenant_id);

DROP INDEX change_entity;
CREATE INDEX change_of ON change (tenant_id, entity_id, id DESC);
CREATE INDEX change_kind ON change (tenant_id, entity, id DESC);

CREATE INDEX interaction_time ON interaction (tenant_id, started_at DESC, id DESC);
-- Its condition is written so that no look-up's condition on agents implies it: none can take it for its own index.
CREATE INDEX leg_agent ON leg (tenant_id, lower(agent), COALESCE(started_at, created_at) DESC, id DESC)
    WHERE lower(agent) <> '';
