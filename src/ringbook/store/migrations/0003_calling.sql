-- Calling lists, campaigns over them, and what bars a number.

CREATE TABLE calling_list (
    tenant_id     bigint      NOT NULL,
    id            bigint      NOT NULL DEFAULT nextval('record_id'),
    name          text        NOT NULL,
    campaign_id   bigint,
    fields        json        NOT NULL,
    unique_keys   boolean     NOT NULL,
    next_position bigint      NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
COMMENT ON COLUMN calling_list.campaign_id IS 'the campaign whose own list this is';
CREATE UNIQUE INDEX calling_list_own ON calling_list (tenant_id, campaign_id) WHERE campaign_id IS NOT NULL;

-- key_text is the JSON array of the key fields as stored, key_submitted the same as they were sent: a look-up by
-- key matches either (contracts/brightpattern.md 2.1). customer_id and external_id are copies of the field that
-- plays that part, so that wolkvox's and jtel's look-ups have an index over all lists.
CREATE TABLE list_record (
    tenant_id     bigint      NOT NULL,
    id            bigint      NOT NULL DEFAULT nextval('record_id'),
    list_id       bigint      NOT NULL,
    position      bigint      NOT NULL,
    fields        json        NOT NULL,
    key_text      text        COLLATE "C" NOT NULL,
    key_submitted text        COLLATE "C" NOT NULL,
    unique_keys   boolean     NOT NULL,
    customer_id   text        COLLATE "C",
    external_id   text        COLLATE "C",
    contact_id    bigint,
    link          text,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN list_record.link IS 'how it found its contact: created, customer_id, phone or hand';
CREATE UNIQUE INDEX list_record_position ON list_record (tenant_id, list_id, position);
CREATE UNIQUE INDEX list_record_unique ON list_record (tenant_id, list_id, key_text) WHERE unique_keys;
CREATE INDEX list_record_key ON list_record (tenant_id, list_id, key_text, id) WHERE NOT unique_keys;
CREATE INDEX list_record_submitted ON list_record (tenant_id, list_id, key_submitted, id);
CREATE INDEX list_record_customer ON list_record (tenant_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX list_record_external ON list_record (tenant_id, external_id, id) WHERE external_id IS NOT NULL;
CREATE INDEX list_record_contact ON list_record (tenant_id, contact_id, id) WHERE contact_id IS NOT NULL;

CREATE TABLE list_record_phone (
    tenant_id bigint   NOT NULL,
    record_id bigint   NOT NULL,
    slot      smallint NOT NULL,
    field     text     NOT NULL,
    match_key text     COLLATE "C" NOT NULL,
    raw       text     NOT NULL,
    e164      text,
    digits    text     NOT NULL,
    PRIMARY KEY (tenant_id, record_id, slot)
);
CREATE INDEX list_record_phone_match ON list_record_phone (tenant_id, match_key, record_id);

-- Campaign ids are the tenant's own small integers: vendors' clients print and type them.
CREATE TABLE campaign (
    tenant_id   bigint      NOT NULL,
    id          bigint      NOT NULL,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    type        text        NOT NULL,
    enabled     boolean     NOT NULL,
    state       text        NOT NULL,
    settings    json        NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE campaign_list (
    tenant_id     bigint  NOT NULL,
    campaign_id   bigint  NOT NULL,
    list_id       bigint  NOT NULL,
    id            bigint  NOT NULL DEFAULT nextval('record_id'),
    position      integer NOT NULL,
    enabled       boolean NOT NULL DEFAULT true,
    dialing_ratio integer NOT NULL DEFAULT 1,
    sorting       json,
    PRIMARY KEY (tenant_id, campaign_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, list_id) REFERENCES calling_list ON DELETE CASCADE
);
CREATE INDEX campaign_list_list ON campaign_list (tenant_id, list_id);

CREATE TABLE campaign_record (
    tenant_id       bigint      NOT NULL,
    id              bigint      NOT NULL DEFAULT nextval('record_id'),
    campaign_id     bigint      NOT NULL,
    list_id         bigint      NOT NULL,
    record_id       bigint      NOT NULL,
    tries           integer     NOT NULL DEFAULT 0,
    phone_tries     json        NOT NULL DEFAULT '{}',
    priority        integer     NOT NULL DEFAULT 0,
    next_try_at     timestamptz,
    barred          text,
    outcome         text,
    disposition     text,
    completed_at    timestamptz,
    last_attempt_at timestamptz,
    claimed_by      text,
    claim_token     uuid,
    claimed_until   timestamptz,
    removed_at      timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, campaign_id, record_id)
);
COMMENT ON COLUMN campaign_record.phone_tries IS 'by the phone''s slot: tries, last cause, last outcome';
COMMENT ON COLUMN campaign_record.removed_at IS 'detached through the campaign; keeps it from being materialised again';
CREATE INDEX campaign_record_record ON campaign_record (tenant_id, record_id);
CREATE INDEX campaign_record_next ON campaign_record (tenant_id, campaign_id, priority DESC, next_try_at NULLS FIRST, id)
    WHERE completed_at IS NULL AND removed_at IS NULL AND barred IS NULL;
CREATE INDEX campaign_record_changed ON campaign_record (tenant_id, campaign_id, changed_at, id);

CREATE VIEW live_campaign_record AS
    SELECT tenant_id, id, campaign_id, list_id, record_id, tries, phone_tries, priority, next_try_at, barred, outcome,
           disposition, completed_at, last_attempt_at, claimed_by, claim_token, claimed_until, created_at, changed_at
      FROM campaign_record
     WHERE removed_at IS NULL;

CREATE TABLE dnc_list (
    tenant_id  bigint      NOT NULL,
    id         bigint      NOT NULL DEFAULT nextval('record_id'),
    name       text        NOT NULL,
    type       text        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE dnc_entry (
    tenant_id  bigint      NOT NULL,
    list_id    bigint      NOT NULL,
    key        text        COLLATE "C" NOT NULL,
    raw        text        NOT NULL,
    kind       text        NOT NULL DEFAULT '',
    comment    text        NOT NULL DEFAULT '',
    added_at   timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, list_id, key)
);
COMMENT ON COLUMN dnc_entry.key IS 'a number''s match_key, or the folded postcode, area code or record key';
CREATE INDEX dnc_entry_key ON dnc_entry (tenant_id, key);

CREATE VIEW live_dnc_entry AS
    SELECT e.tenant_id, e.list_id, e.key, e.raw, e.kind, e.comment, e.added_at, e.expires_at
      FROM dnc_entry e
     WHERE e.expires_at IS NULL OR e.expires_at > ringbook_now(e.tenant_id);

-- A list that is bound to no campaign bars all of them.
CREATE TABLE dnc_binding (
    tenant_id   bigint NOT NULL,
    list_id     bigint NOT NULL,
    campaign_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, list_id, campaign_id),
    FOREIGN KEY (tenant_id, list_id) REFERENCES dnc_list ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign ON DELETE CASCADE
);

-- Skills, agents and activity codes a tenant declares; one that declares none of a kind accepts any.
CREATE TABLE declared (
    tenant_id bigint NOT NULL,
    kind      text   NOT NULL,
    id        text   NOT NULL,
    name      text   NOT NULL,
    PRIMARY KEY (tenant_id, kind, id)
);
