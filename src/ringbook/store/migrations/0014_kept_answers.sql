-- What was answered to writes that may be sent again, for a day. A new table only; takes no time.

CREATE TABLE kept_answer (
    tenant_id  bigint      NOT NULL,
    holder     text        COLLATE "C" NOT NULL,
    key        bytea       NOT NULL,
    request    bytea       NOT NULL,
    answer     bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, holder, key)
);
COMMENT ON COLUMN kept_answer.holder IS 'the id of the credential, or the name of who came without one';
COMMENT ON COLUMN kept_answer.key IS 'SHA-256 of the key that the client chose';
COMMENT ON COLUMN kept_answer.request IS 'SHA-256 of what was asked';
COMMENT ON COLUMN kept_answer.answer IS 'encrypted: it may tell of persons and of secrets; null where it is not told again';
CREATE INDEX kept_answer_age ON kept_answer (tenant_id, created_at);
