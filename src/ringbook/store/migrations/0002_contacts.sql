-- People: what is known of them, the numbers they are found by, and the context that lives for hours.

CREATE TABLE attribute (
    tenant_id          bigint      NOT NULL,
    id                 bigint      NOT NULL DEFAULT nextval('record_id'),
    created_second     integer     NOT NULL,
    key                text        NOT NULL,
    label              text        NOT NULL,
    type               text        NOT NULL,
    submitted_type     text        NOT NULL,
    predefined         boolean     NOT NULL DEFAULT false,
    required           boolean     NOT NULL DEFAULT false,
    is_unique          boolean     NOT NULL DEFAULT false,
    searchable         boolean     NOT NULL DEFAULT true,
    pii                boolean     NOT NULL DEFAULT false,
    default_value      text,
    max_length         integer,
    position           integer     NOT NULL,
    description        text        NOT NULL DEFAULT '',
    channel_identifier text,
    hidden_at          timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key)
);
COMMENT ON COLUMN attribute.submitted_type IS 'the type as its author spelled it, for the echo';
COMMENT ON COLUMN attribute.hidden_at IS 'a deleted attribute is neither accepted nor searched; its values stay for when it comes back';

-- attributes is json, not jsonb: the order in which a contact was given is part of the answer.
CREATE TABLE contact (
    tenant_id      bigint      NOT NULL,
    id             bigint      NOT NULL DEFAULT nextval('record_id'),
    created_second integer     NOT NULL,
    attributes     json        NOT NULL,
    version        integer     NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    deleted_at     timestamptz,
    merged_into    bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX contact_newest ON contact (tenant_id, created_second, id) WHERE deleted_at IS NULL;

CREATE VIEW live_contact AS
    SELECT tenant_id, id, created_second, attributes, version, created_at, updated_at
      FROM contact
     WHERE deleted_at IS NULL;

-- The index that answers a ringing phone. A row for each source of a number: an attribute of the contact
-- (source_id 0) or a field of a list record; the number goes when its last row goes.
-- No foreign key: a million rows of an import would each pay for a check that the one writer makes needless.
CREATE TABLE contact_phone (
    tenant_id  bigint NOT NULL,
    match_key  text   COLLATE "C" NOT NULL,
    contact_id bigint NOT NULL,
    source_id  bigint NOT NULL,
    source     text   NOT NULL,
    raw        text   NOT NULL,
    e164       text,
    digits     text   NOT NULL,
    PRIMARY KEY (tenant_id, match_key, contact_id, source_id, source)
);
CREATE INDEX contact_phone_contact ON contact_phone (tenant_id, contact_id);

-- The case- and accent-folded copy that searches use. attribute_id 0 holds the words of names, found by prefix.
CREATE TABLE contact_search (
    tenant_id    bigint NOT NULL,
    attribute_id bigint NOT NULL,
    folded       text   COLLATE "C" NOT NULL,
    contact_id   bigint NOT NULL,
    PRIMARY KEY (tenant_id, attribute_id, folded, contact_id)
);

-- What two writers of the same person meet at: the keys of its numbers and its customer id, locked in sorted order.
CREATE TABLE identity_key (
    tenant_id bigint NOT NULL,
    key       text   COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

CREATE TABLE contact_merge (
    tenant_id bigint      NOT NULL,
    id        bigint      NOT NULL DEFAULT nextval('record_id'),
    kept_id   bigint      NOT NULL,
    merged_id bigint      NOT NULL,
    evidence  json        NOT NULL,
    merged_at timestamptz NOT NULL,
    undone_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX contact_merge_kept ON contact_merge (tenant_id, kept_id);

CREATE TABLE mapping (
    tenant_id      bigint  NOT NULL,
    id             bigint  NOT NULL DEFAULT nextval('record_id'),
    created_second integer NOT NULL,
    call_var       text    NOT NULL,
    call_variable  text    NOT NULL,
    key            text    NOT NULL,
    var_number     text    NOT NULL,
    disabled_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, call_var, call_variable, key, var_number)
);

CREATE TABLE template (
    tenant_id         bigint           NOT NULL,
    id                bigint           NOT NULL DEFAULT nextval('record_id'),
    guid              uuid             NOT NULL DEFAULT gen_random_uuid(),
    name              text             NOT NULL,
    description       text             NOT NULL DEFAULT '',
    retention_seconds double precision NOT NULL,
    data_keys         text[]           NOT NULL,
    created_at        timestamptz      NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE data_set (
    tenant_id    bigint      NOT NULL,
    template_id  bigint      NOT NULL,
    number       text        COLLATE "C" NOT NULL,
    match_key    text        COLLATE "C" NOT NULL,
    id           bigint      NOT NULL DEFAULT nextval('record_id'),
    ani          text        NOT NULL,
    data_values  json        NOT NULL,
    submitted_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ecbt         integer,
    callback_id  text,
    PRIMARY KEY (tenant_id, template_id, number)
);
COMMENT ON COLUMN data_set.number IS 'digits as the caller''s system submitted them: Mindful''s search key';
CREATE INDEX data_set_match ON data_set (tenant_id, match_key);
CREATE INDEX data_set_expiry ON data_set (tenant_id, expires_at);

-- Expiry is part of the read: the sweeper may be off for a week and no answer changes.
CREATE VIEW live_data_set AS
    SELECT d.tenant_id, d.template_id, d.number, d.match_key, d.id, d.ani, d.data_values, d.submitted_at, d.expires_at,
           d.ecbt, d.callback_id
      FROM data_set d
     WHERE d.expires_at > ringbook_now(d.tenant_id);
