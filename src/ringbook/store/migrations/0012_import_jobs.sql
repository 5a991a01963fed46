-- Imports: jobs that survive their worker, the files that were sent, and the rows that were refused.
-- New tables only: it takes no time.

CREATE TABLE import_job (
    tenant_id      bigint NOT NULL,
    id             bigint NOT NULL DEFAULT nextval('record_id'),
    state          text NOT NULL,
    file_name      text NOT NULL,
    digest         bytea,
    size           bigint NOT NULL DEFAULT 0,
    uploaded       boolean NOT NULL,
    settings       json NOT NULL,
    form           json,
    extent         bigint NOT NULL DEFAULT 0,
    next_offset    bigint NOT NULL DEFAULT 0,
    next_row       bigint NOT NULL DEFAULT 0,
    rows_read      bigint NOT NULL DEFAULT 0,
    added          bigint NOT NULL DEFAULT 0,
    updated        bigint NOT NULL DEFAULT 0,
    unchanged      bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0,
    blank          bigint NOT NULL DEFAULT 0,
    repeated       bigint NOT NULL DEFAULT 0,
    removed        bigint NOT NULL DEFAULT 0,
    active_seconds double precision NOT NULL DEFAULT 0,
    undo           json,
    actor          text NOT NULL,
    dialect        text NOT NULL,
    worker         text,
    leased_until   timestamptz,
    cancel_asked   boolean NOT NULL DEFAULT false,
    failure        text,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    PRIMARY KEY (tenant_id, id)
);

COMMENT ON COLUMN import_job.uploaded IS 'its content is in import_block; else a command reads a file of its own';
COMMENT ON COLUMN import_job.extent IS 'where the file ends, in the count of next_offset';
COMMENT ON COLUMN import_job.repeated IS 'rows about somebody whom an earlier row was about; they are counted by what became of them, too';
COMMENT ON COLUMN import_job.undo IS 'how far an undo is, and what it left alone';

-- One at a time for each tenant; and what a worker looks for.
CREATE UNIQUE INDEX import_job_running ON import_job (tenant_id) WHERE state IN ('running', 'undoing');
CREATE INDEX import_job_open ON import_job (tenant_id, id) WHERE state IN ('uploading', 'waiting', 'running', 'undoing');

CREATE TABLE import_block (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    n         integer NOT NULL,
    content   bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, n)
);

CREATE TABLE import_refusal (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    row       bigint NOT NULL,
    field     text NOT NULL,
    reason    text NOT NULL,
    content   json NOT NULL,
    PRIMARY KEY (tenant_id, import_id, row)
);

COMMENT ON COLUMN import_refusal.content IS 'the row itself, by column';

-- What an import named of a list that it replaces, and what it then took out of it, as it was.
CREATE TABLE import_named (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    record_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, import_id, record_id)
);

CREATE TABLE import_removed (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    id        bigint NOT NULL DEFAULT nextval('record_id'),
    of_table  text NOT NULL,
    content   json NOT NULL,
    PRIMARY KEY (tenant_id, import_id, id)
);

CREATE TABLE import_profile (
    tenant_id  bigint NOT NULL,
    name       text NOT NULL,
    settings   json NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
