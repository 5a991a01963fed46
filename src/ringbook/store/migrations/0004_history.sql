-- What happened: calls with their legs, call attempts, and who changed what.

CREATE TABLE interaction (
    tenant_id  bigint      NOT NULL,
    id         bigint      NOT NULL DEFAULT nextval('record_id'),
    call_id    text        COLLATE "C" NOT NULL,
    ani        text        NOT NULL,
    match_key  text        COLLATE "C" NOT NULL,
    contact_id bigint,
    link       text,
    started_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, call_id)
);
COMMENT ON COLUMN interaction.link IS 'how it found its contact: phone or hand; a hand-made link is never overwritten';
CREATE INDEX interaction_contact ON interaction (tenant_id, contact_id, started_at DESC, id DESC)
    WHERE contact_id IS NOT NULL;
CREATE INDEX interaction_unlinked ON interaction (tenant_id, match_key, started_at DESC, id DESC)
    WHERE contact_id IS NULL;
CREATE INDEX interaction_number ON interaction (tenant_id, match_key, started_at DESC, id DESC);

CREATE TABLE leg (
    tenant_id        bigint      NOT NULL,
    id               bigint      NOT NULL DEFAULT nextval('record_id'),
    created_second   integer     NOT NULL,
    interaction_id   bigint      NOT NULL,
    identity         text        COLLATE "C" NOT NULL,
    actor            text        NOT NULL,
    direction        text        NOT NULL,
    call_id          text        NOT NULL DEFAULT '',
    agent            text        NOT NULL DEFAULT '',
    team             text        NOT NULL DEFAULT '',
    queue            text        NOT NULL DEFAULT '',
    started_at       timestamptz,
    duration_seconds integer,
    ivr_trail        text        NOT NULL DEFAULT '',
    disposition      text        NOT NULL DEFAULT '',
    outcome          text,
    wrap_up          text        NOT NULL DEFAULT '',
    wrap_ups         json        NOT NULL DEFAULT '[]',
    notes            text        NOT NULL DEFAULT '',
    supervision      boolean     NOT NULL DEFAULT false,
    attempt_id       bigint,
    submitted        json        NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, interaction_id, identity)
);
COMMENT ON COLUMN leg.submitted IS 'the leg''s fields as its author sent them, for the echo';
CREATE INDEX leg_call ON leg (tenant_id, call_id) WHERE call_id <> '';

CREATE TABLE attempt (
    tenant_id          bigint      NOT NULL,
    id                 bigint      NOT NULL DEFAULT nextval('record_id'),
    campaign_id        bigint      NOT NULL,
    campaign_record_id bigint,
    record_id          bigint,
    contact_id         bigint,
    slot               smallint,
    phone              text        NOT NULL,
    match_key          text        COLLATE "C" NOT NULL,
    started_at         timestamptz NOT NULL,
    ring_seconds       integer,
    talk_seconds       integer,
    outcome            text        NOT NULL,
    disposition        text        NOT NULL,
    final              boolean     NOT NULL,
    agent              text        NOT NULL,
    call_id            text        NOT NULL,
    cause              integer,
    next_try_at        timestamptz,
    notes              text        NOT NULL,
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN attempt.campaign_record_id IS 'null once the record is gone: the attempt stays in the contact''s history';
CREATE INDEX attempt_record ON attempt (tenant_id, campaign_record_id, started_at DESC, id DESC)
    WHERE campaign_record_id IS NOT NULL;
CREATE INDEX attempt_number ON attempt (tenant_id, match_key, started_at DESC);
CREATE INDEX attempt_campaign ON attempt (tenant_id, campaign_id, started_at, id);

-- The journal. Nothing destructive happens without an entry that can be played back.
CREATE TABLE change (
    tenant_id bigint      NOT NULL,
    id        bigint      NOT NULL DEFAULT nextval('record_id'),
    at        timestamptz NOT NULL,
    actor     text        NOT NULL,
    dialect   text        NOT NULL,
    entity    text        NOT NULL,
    entity_id bigint      NOT NULL,
    before    json,
    after     json,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX change_entity ON change (tenant_id, entity, entity_id, id DESC);
