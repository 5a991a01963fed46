-- What happened, in an order that readers can follow. Adding the column takes a moment; the index on it reads the
-- journal once and holds its writers meanwhile.

ALTER TABLE change
    ADD COLUMN xact xid8;
ALTER TABLE change
    ALTER COLUMN xact SET DEFAULT pg_current_xact_id();
COMMENT ON COLUMN change.xact IS 'the transaction that wrote it, by which event_batch finds it; null before events were';
CREATE INDEX change_xact ON change (tenant_id, xact, id) WHERE xact IS NOT NULL;

-- What is told and changes nothing: screen pops, attempts, how far an import is.
CREATE TABLE event (
    tenant_id   bigint      NOT NULL,
    id          bigint      NOT NULL DEFAULT nextval('record_id'),
    xact        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    at          timestamptz NOT NULL,
    actor       text        NOT NULL,
    dialect     text        NOT NULL,
    type        text        NOT NULL,
    entity_id   bigint,
    agent       text        NOT NULL,
    contact_ids bigint[]    NOT NULL,
    match_key   text        COLLATE "C" NOT NULL,
    data        json        NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN event.contact_ids IS 'whom it names';
COMMENT ON COLUMN event.match_key IS 'the number it names; empty if none';
CREATE INDEX event_xact ON event (tenant_id, xact, id);
CREATE INDEX event_at ON event (tenant_id, at);

-- A batch is what became visible between two snapshots: nothing is in two of them, and nothing in none.
CREATE TABLE event_batch (
    tenant_id bigint      NOT NULL,
    number    bigint      NOT NULL,
    since     pg_snapshot NOT NULL,
    until     pg_snapshot NOT NULL,
    above     bigint      NOT NULL,
    highest   bigint      NOT NULL,
    cluster   bigint      NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
COMMENT ON COLUMN event_batch.above IS 'ids up to this one belong to another cluster, whose transactions were counted anew';
COMMENT ON COLUMN event_batch.highest IS 'no id had been drawn above this one';
COMMENT ON COLUMN event_batch.cluster IS 'the system identifier of the cluster that counted these transactions';
CREATE INDEX event_batch_at ON event_batch (tenant_id, at);

-- Admits once, for a minute, whom a credential sent.
CREATE TABLE event_ticket (
    digest            bytea       PRIMARY KEY,
    tenant_id         bigint      NOT NULL,
    credential_digest bytea       NOT NULL,
    dialect           text        NOT NULL,
    expires_at        timestamptz NOT NULL
);
COMMENT ON COLUMN event_ticket.digest IS 'SHA-256 of the ticket';
