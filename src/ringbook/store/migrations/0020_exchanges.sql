-- What clients asked lately and what they were answered, for who builds an integration. Off unless switched on.
-- Unlogged: it shows the last hour, so many requests of each key, and may be gone after a crash.

CREATE UNLOGGED TABLE exchange (
    tenant_id    bigint           NOT NULL,
    id           bigint           NOT NULL DEFAULT nextval('record_id'),
    dialect      text             NOT NULL,
    key_name     text             NOT NULL,
    request_id   text             NOT NULL,
    at           timestamptz      NOT NULL,
    operation    text             NOT NULL,
    target       text             NOT NULL,
    asked        text             NOT NULL,
    status       integer          NOT NULL,
    answered     text             NOT NULL,
    milliseconds double precision NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN exchange.key_name IS 'the name of the key, or the login of a user';
CREATE INDEX exchange_key ON exchange (tenant_id, dialect, key_name, id DESC);
CREATE INDEX exchange_request ON exchange (tenant_id, request_id);
CREATE INDEX exchange_age ON exchange (tenant_id, at);
