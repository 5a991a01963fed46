-- Receivers of events, how far each has come, and what it has not taken yet.

CREATE TABLE webhook (
    tenant_id    bigint      NOT NULL,
    id           bigint      NOT NULL DEFAULT nextval('record_id'),
    url          text        NOT NULL,
    types        text[]      NOT NULL,
    agent        text        NOT NULL,
    secret       bytea       NOT NULL,
    enabled      boolean     NOT NULL,
    batch        bigint      NOT NULL,
    event_id     bigint      NOT NULL,
    leased_by    text,
    leased_until timestamptz,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN webhook.secret IS 'signs what is sent, so encrypted; the key file is outside the database';
COMMENT ON COLUMN webhook.event_id IS 'with batch: the last event that was considered';

CREATE TABLE webhook_delivery (
    tenant_id    bigint      NOT NULL,
    webhook_id   bigint      NOT NULL,
    batch        bigint      NOT NULL,
    event_id     bigint      NOT NULL,
    subject      text        COLLATE "C" NOT NULL,
    type         text        NOT NULL,
    state        text        NOT NULL,
    tries        integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL,
    tried_at     timestamptz,
    status       integer,
    error        text,
    PRIMARY KEY (tenant_id, webhook_id, event_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhook ON DELETE CASCADE
);
COMMENT ON COLUMN webhook_delivery.subject IS 'whom it is about: what is about one is delivered in order';
COMMENT ON COLUMN webhook_delivery.state IS 'waiting, delivered, or dead after its last try';
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (tenant_id, webhook_id, subject, batch, event_id)
    WHERE state = 'waiting';
CREATE INDEX webhook_delivery_dead ON webhook_delivery (tenant_id, webhook_id, event_id) WHERE state = 'dead';
