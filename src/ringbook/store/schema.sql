-- The schema that all migrations together make. Nobody applies this file: it is for reading, and a test keeps it
-- equal to the migrations. Refresh it with scripts/schema_dump.py.

CREATE TABLE public.tenant (
    id bigint NOT NULL,
    guid uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    region text NOT NULL,
    time_zone text NOT NULL,
    jtel_clients_id bigint,
    wolkvox_licences integer,
    cim boolean DEFAULT false NOT NULL,
    cim_anonymous_networks text[] DEFAULT '{}'::text[] NOT NULL,
    switches json DEFAULT '{}'::json NOT NULL,
    clock_offset interval DEFAULT '00:00:00'::interval NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

COMMENT ON COLUMN public.tenant.switches IS 'the dialects'' switches, by the dialect''s name';

COMMENT ON COLUMN public.tenant.clock_offset IS 'moves this tenant''s clock; see ringbook_now()';

CREATE FUNCTION public.ringbook_now(of_tenant bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (statement_timestamp() + COALESCE((SELECT tenant.clock_offset FROM public.tenant WHERE (tenant.id = ringbook_now.of_tenant)), '00:00:00'::interval));

CREATE SEQUENCE public.record_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.app_user (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    login text NOT NULL,
    password_hash text,
    api_secret_hash text,
    digest_realm text,
    digest_ha1 bytea,
    role text NOT NULL,
    privileges text[] DEFAULT '{}'::text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    time_zone text
);

COMMENT ON COLUMN public.app_user.digest_ha1 IS 'password-equivalent, so encrypted; the key file is outside the database';

COMMENT ON COLUMN public.app_user.time_zone IS 'in which the user reads times; null is the tenant''s';

CREATE TABLE public.attempt (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    campaign_id bigint NOT NULL,
    campaign_record_id bigint,
    record_id bigint,
    contact_id bigint,
    slot smallint,
    phone text NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    started_at timestamp with time zone NOT NULL,
    ring_seconds integer,
    talk_seconds integer,
    outcome text NOT NULL,
    disposition text NOT NULL,
    final boolean NOT NULL,
    agent text NOT NULL,
    call_id text NOT NULL,
    cause integer,
    next_try_at timestamp with time zone,
    notes text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.attempt.campaign_record_id IS 'null once the record is gone: the attempt stays in the contact''s history';

CREATE TABLE public.attribute (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    created_second integer NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    type text NOT NULL,
    submitted_type text NOT NULL,
    predefined boolean DEFAULT false NOT NULL,
    required boolean DEFAULT false NOT NULL,
    is_unique boolean DEFAULT false NOT NULL,
    searchable boolean DEFAULT true NOT NULL,
    pii boolean DEFAULT false NOT NULL,
    default_value text,
    max_length integer,
    "position" integer NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    channel_identifier text,
    hidden_at timestamp with time zone,
    aliases text[] DEFAULT '{}'::text[] NOT NULL
);

COMMENT ON COLUMN public.attribute.submitted_type IS 'the type as its author spelled it, for the echo';

COMMENT ON COLUMN public.attribute.hidden_at IS 'a deleted attribute is neither accepted nor searched; its values stay for when it comes back';

COMMENT ON COLUMN public.attribute.aliases IS 'keys that it had before: still understood, never told';

CREATE TABLE public.call_alias (
    tenant_id bigint NOT NULL,
    call_id text NOT NULL COLLATE pg_catalog."C",
    interaction_id bigint NOT NULL
);

CREATE TABLE public.calling_list (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    name text NOT NULL,
    campaign_id bigint,
    fields json NOT NULL,
    unique_keys boolean NOT NULL,
    next_position bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.calling_list.campaign_id IS 'the campaign whose own list this is';

CREATE TABLE public.calling_rules (
    tenant_id bigint NOT NULL,
    rules json NOT NULL
);

COMMENT ON TABLE public.calling_rules IS 'hours, holidays and tries for all campaigns of a tenant; a campaign''s own are in its settings';

CREATE TABLE public.campaign (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    type text NOT NULL,
    enabled boolean NOT NULL,
    state text NOT NULL,
    settings json DEFAULT '{}'::json NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.campaign_list (
    tenant_id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    list_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    "position" integer NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    dialing_ratio integer DEFAULT 1 NOT NULL,
    sorting json
);

CREATE TABLE public.campaign_record (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    campaign_id bigint NOT NULL,
    list_id bigint NOT NULL,
    record_id bigint NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    phone_tries json DEFAULT '{}'::json NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    barred text,
    outcome text,
    disposition text,
    completed_at timestamp with time zone,
    last_attempt_at timestamp with time zone,
    claimed_by text,
    claim_token uuid,
    claimed_until timestamp with time zone,
    removed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    second_disposition text,
    notes text,
    recalls integer DEFAULT 0 NOT NULL,
    recall json,
    told_at timestamp with time zone,
    held_until timestamp with time zone,
    held_by text,
    due_at timestamp with time zone GENERATED ALWAYS AS (GREATEST(next_try_at, claimed_until, held_until)) STORED
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='2000');

COMMENT ON COLUMN public.campaign_record.phone_tries IS 'by the phone''s slot: tries, last cause, last outcome';

COMMENT ON COLUMN public.campaign_record.removed_at IS 'detached through the campaign; keeps it from being materialised again';

COMMENT ON COLUMN public.campaign_record.recalls IS 'how often a recall was arranged';

COMMENT ON COLUMN public.campaign_record.recall IS 'the recall that next_try_at is for: phone, style, agent';

COMMENT ON COLUMN public.campaign_record.told_at IS 'the last attempt was reported, or the record was coded; no two of a bulk alike';

COMMENT ON COLUMN public.campaign_record.held_until IS 'a claim found that the record may not be called before';

COMMENT ON COLUMN public.campaign_record.held_by IS 'why: hours, do_not_call, tries, in_call or no_number';

COMMENT ON COLUMN public.campaign_record.due_at IS 'when the next claim looks at the record; null: in its turn';

CREATE TABLE public.change (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    dialect text NOT NULL,
    entity text NOT NULL,
    entity_id bigint NOT NULL,
    before json,
    after json,
    import_id bigint,
    xact xid8 DEFAULT pg_current_xact_id(),
    contact_id bigint
);

COMMENT ON COLUMN public.change.import_id IS 'the import that changed it';

COMMENT ON COLUMN public.change.xact IS 'the transaction that wrote it, by which event_batch finds it; null before events were';

COMMENT ON COLUMN public.change.contact_id IS 'whose call, list record or campaign record it was; null for all else';

CREATE TABLE public.claimed_number (
    tenant_id bigint NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    campaign_record_id bigint NOT NULL,
    claim_token uuid NOT NULL,
    until timestamp with time zone NOT NULL
);

CREATE TABLE public.console_session (
    digest bytea NOT NULL,
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.console_session.digest IS 'SHA-256 of the cookie''s secret; the secret itself is stored nowhere';

COMMENT ON COLUMN public.console_session.seen_at IS 'when it was used last, to the minute';

CREATE TABLE public.contact (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    created_second integer NOT NULL,
    attributes json NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    merged_into bigint,
    import_id bigint
);

COMMENT ON COLUMN public.contact.merged_into IS 'the contact that this one has become a part of; it is deleted as long';

COMMENT ON COLUMN public.contact.import_id IS 'the import that inserted it';

CREATE TABLE public.contact_merge (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    kept_id bigint NOT NULL,
    merged_id bigint NOT NULL,
    evidence json NOT NULL,
    merged_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone
);

COMMENT ON COLUMN public.contact_merge.evidence IS 'what each contact was, what was taken from which, and what came along';

CREATE TABLE public.contact_phone (
    tenant_id bigint NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    contact_id bigint NOT NULL,
    source_id bigint NOT NULL,
    source text NOT NULL,
    raw text NOT NULL,
    e164 text,
    digits text NOT NULL
);

CREATE TABLE public.contact_search (
    tenant_id bigint NOT NULL,
    attribute_id bigint NOT NULL,
    folded text NOT NULL COLLATE pg_catalog."C",
    contact_id bigint NOT NULL
);

CREATE TABLE public.credential (
    digest bytea NOT NULL,
    dialect text NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    tenant_id bigint NOT NULL,
    name text NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    template_id bigint,
    per_second integer,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone
);

COMMENT ON COLUMN public.credential.digest IS 'SHA-256 of the secret; the secret itself is stored nowhere';

COMMENT ON COLUMN public.credential.per_second IS 'requests a second this key may make; null is unlimited';

CREATE TABLE public.daily_ration (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    leased integer NOT NULL
);

COMMENT ON COLUMN public.daily_ration.day IS 'in the tenant''s own time zone';

COMMENT ON COLUMN public.daily_ration.leased IS 'requests that hosts took to grant; what they did not need they give back';

CREATE TABLE public.daily_ration_use (
    tenant_id bigint NOT NULL,
    day date NOT NULL,
    credential_id bigint NOT NULL,
    used integer NOT NULL
);

CREATE TABLE public.data_set (
    tenant_id bigint NOT NULL,
    template_id bigint NOT NULL,
    number text NOT NULL COLLATE pg_catalog."C",
    match_key text NOT NULL COLLATE pg_catalog."C",
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    ani text NOT NULL,
    data_values json NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ecbt integer,
    callback_id text
);

COMMENT ON COLUMN public.data_set.number IS 'digits as the caller''s system submitted them: Mindful''s search key';

CREATE TABLE public.declared (
    tenant_id bigint NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.dnc_binding (
    tenant_id bigint NOT NULL,
    list_id bigint NOT NULL,
    campaign_id bigint NOT NULL
);

CREATE TABLE public.dnc_entry (
    tenant_id bigint NOT NULL,
    list_id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    raw text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    comment text DEFAULT ''::text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);

COMMENT ON COLUMN public.dnc_entry.key IS 'a number''s match_key, or the folded postcode, area code or record key';

CREATE TABLE public.dnc_list (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.event (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    dialect text NOT NULL,
    type text NOT NULL,
    entity_id bigint,
    agent text NOT NULL,
    contact_ids bigint[] NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    data json NOT NULL
);

COMMENT ON COLUMN public.event.contact_ids IS 'whom it names';

COMMENT ON COLUMN public.event.match_key IS 'the number it names; empty if none';

CREATE TABLE public.event_batch (
    tenant_id bigint NOT NULL,
    number bigint NOT NULL,
    since pg_snapshot NOT NULL,
    until pg_snapshot NOT NULL,
    above bigint NOT NULL,
    highest bigint NOT NULL,
    cluster bigint NOT NULL,
    at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.event_batch.above IS 'ids up to this one belong to another cluster, whose transactions were counted anew';

COMMENT ON COLUMN public.event_batch.highest IS 'no id had been drawn above this one';

COMMENT ON COLUMN public.event_batch.cluster IS 'the system identifier of the cluster that counted these transactions';

CREATE TABLE public.event_ticket (
    digest bytea NOT NULL,
    tenant_id bigint NOT NULL,
    credential_digest bytea NOT NULL,
    dialect text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.event_ticket.digest IS 'SHA-256 of the ticket';

CREATE UNLOGGED TABLE public.exchange (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    dialect text NOT NULL,
    key_name text NOT NULL,
    request_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    operation text NOT NULL,
    target text NOT NULL,
    asked text NOT NULL,
    status integer NOT NULL,
    answered text NOT NULL,
    milliseconds double precision NOT NULL
);

COMMENT ON COLUMN public.exchange.key_name IS 'the name of the key, or the login of a user';

CREATE TABLE public.former_secret (
    digest bytea NOT NULL,
    dialect text NOT NULL,
    tenant_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    ends_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.former_secret IS 'a row stays when its time is over, so that its secret never comes to life again by chance';

CREATE TABLE public.hidden_value (
    tenant_id bigint NOT NULL,
    attribute_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    value json NOT NULL
);

CREATE UNLOGGED TABLE public.identity_key (
    tenant_id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE public.import_block (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    n integer NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE public.import_job (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    state text NOT NULL,
    file_name text NOT NULL,
    digest bytea,
    size bigint DEFAULT 0 NOT NULL,
    uploaded boolean NOT NULL,
    settings json NOT NULL,
    form json,
    extent bigint DEFAULT 0 NOT NULL,
    next_offset bigint DEFAULT 0 NOT NULL,
    next_row bigint DEFAULT 0 NOT NULL,
    rows_read bigint DEFAULT 0 NOT NULL,
    added bigint DEFAULT 0 NOT NULL,
    updated bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    blank bigint DEFAULT 0 NOT NULL,
    repeated bigint DEFAULT 0 NOT NULL,
    removed bigint DEFAULT 0 NOT NULL,
    active_seconds double precision DEFAULT 0 NOT NULL,
    undo json,
    actor text NOT NULL,
    dialect text NOT NULL,
    worker text,
    leased_until timestamp with time zone,
    cancel_asked boolean DEFAULT false NOT NULL,
    failure text,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone
);

COMMENT ON COLUMN public.import_job.uploaded IS 'its content is in import_block; else a command reads a file of its own';

COMMENT ON COLUMN public.import_job.extent IS 'where the file ends, in the count of next_offset';

COMMENT ON COLUMN public.import_job.repeated IS 'rows about somebody whom an earlier row was about; they are counted by what became of them, too';

COMMENT ON COLUMN public.import_job.undo IS 'how far an undo is, and what it left alone';

CREATE TABLE public.import_named (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    record_id bigint NOT NULL
);

CREATE TABLE public.import_profile (
    tenant_id bigint NOT NULL,
    name text NOT NULL,
    settings json NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.import_range (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    entity text NOT NULL,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL
);

COMMENT ON TABLE public.import_range IS 'between which ids an import inserted rows; others may have ids in between';

CREATE TABLE public.import_refusal (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    "row" bigint NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    content json NOT NULL
);

COMMENT ON COLUMN public.import_refusal.content IS 'the row itself, by column';

CREATE TABLE public.import_removed (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    of_table text NOT NULL,
    content json NOT NULL
);

CREATE TABLE public.interaction (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    call_id text NOT NULL COLLATE pg_catalog."C",
    ani text NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    contact_id bigint,
    link text,
    started_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.interaction.link IS 'how it found its contact: phone or hand; a hand-made link is never overwritten';

CREATE TABLE public.kept_answer (
    tenant_id bigint NOT NULL,
    holder text NOT NULL COLLATE pg_catalog."C",
    key bytea NOT NULL,
    request bytea NOT NULL,
    answer bytea,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.kept_answer.holder IS 'the id of the credential, or the name of who came without one';

COMMENT ON COLUMN public.kept_answer.key IS 'SHA-256 of the key that the client chose';

COMMENT ON COLUMN public.kept_answer.request IS 'SHA-256 of what was asked';

COMMENT ON COLUMN public.kept_answer.answer IS 'encrypted: it may tell of persons and of secrets; null where it is not told again';

CREATE TABLE public.leg (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    created_second integer NOT NULL,
    interaction_id bigint NOT NULL,
    identity text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL,
    direction text NOT NULL,
    call_id text DEFAULT ''::text NOT NULL,
    agent text DEFAULT ''::text NOT NULL,
    team text DEFAULT ''::text NOT NULL,
    queue text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone,
    duration_seconds integer,
    ivr_trail text DEFAULT ''::text NOT NULL,
    disposition text DEFAULT ''::text NOT NULL,
    outcome text,
    wrap_up text DEFAULT ''::text NOT NULL,
    wrap_ups json DEFAULT '[]'::json NOT NULL,
    notes text DEFAULT ''::text NOT NULL,
    supervision boolean DEFAULT false NOT NULL,
    attempt_id bigint,
    submitted json DEFAULT '{}'::json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.leg.submitted IS 'the leg''s fields as its author sent them, for the echo';

CREATE TABLE public.list_record (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    list_id bigint NOT NULL,
    "position" bigint NOT NULL,
    fields json NOT NULL,
    key_text text NOT NULL COLLATE pg_catalog."C",
    key_submitted text NOT NULL COLLATE pg_catalog."C",
    unique_keys boolean NOT NULL,
    customer_id text COLLATE pg_catalog."C",
    external_id text COLLATE pg_catalog."C",
    contact_id bigint,
    link text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    sort_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    import_id bigint
);

COMMENT ON COLUMN public.list_record.link IS 'how it found its contact: created, customer_id, phone or hand';

COMMENT ON COLUMN public.list_record.sort_name IS 'the folded last name, else the first, else the company';

COMMENT ON COLUMN public.list_record.import_id IS 'the import that inserted it';

CREATE TABLE public.list_record_phone (
    tenant_id bigint NOT NULL,
    record_id bigint NOT NULL,
    slot smallint NOT NULL,
    field text NOT NULL,
    match_key text NOT NULL COLLATE pg_catalog."C",
    raw text NOT NULL,
    e164 text,
    digits text NOT NULL
);

CREATE VIEW public.live_campaign_record AS
 SELECT tenant_id,
    id,
    campaign_id,
    list_id,
    record_id,
    tries,
    phone_tries,
    priority,
    next_try_at,
    barred,
    outcome,
    disposition,
    completed_at,
    last_attempt_at,
    claimed_by,
    claim_token,
    claimed_until,
    created_at,
    changed_at,
    second_disposition,
    notes,
    recalls,
    recall
   FROM public.campaign_record
  WHERE (removed_at IS NULL);

CREATE VIEW public.live_console_session AS
 SELECT digest,
    tenant_id,
    user_id,
    created_at,
    seen_at,
    ends_at
   FROM public.console_session s
  WHERE ((ends_at > public.ringbook_now(tenant_id)) AND (seen_at > (public.ringbook_now(tenant_id) - '02:00:00'::interval)));

CREATE VIEW public.live_contact AS
 SELECT tenant_id,
    id,
    created_second,
    attributes,
    version,
    created_at,
    updated_at
   FROM public.contact
  WHERE (deleted_at IS NULL);

CREATE VIEW public.live_credential AS
 SELECT id,
    digest,
    dialect,
    tenant_id,
    name,
    scopes,
    template_id,
    per_second,
    created_at,
    expires_at
   FROM public.credential c
  WHERE ((revoked_at IS NULL) AND ((expires_at IS NULL) OR (expires_at > public.ringbook_now(tenant_id))));

CREATE VIEW public.live_data_set AS
 SELECT tenant_id,
    template_id,
    number,
    match_key,
    id,
    ani,
    data_values,
    submitted_at,
    expires_at,
    ecbt,
    callback_id
   FROM public.data_set d
  WHERE (expires_at > public.ringbook_now(tenant_id));

CREATE VIEW public.live_dnc_entry AS
 SELECT tenant_id,
    list_id,
    key,
    raw,
    kind,
    comment,
    added_at,
    expires_at
   FROM public.dnc_entry e
  WHERE ((expires_at IS NULL) OR (expires_at > public.ringbook_now(tenant_id)));

CREATE VIEW public.live_former_secret AS
 SELECT f.digest,
    f.dialect,
    c.id,
    c.tenant_id,
    c.name,
    c.scopes,
    c.template_id,
    c.per_second,
    c.created_at,
    c.expires_at
   FROM (public.former_secret f
     JOIN public.live_credential c ON ((c.id = f.credential_id)))
  WHERE (f.ends_at > public.ringbook_now(f.tenant_id));

CREATE TABLE public.loose_key (
    tenant_id bigint NOT NULL,
    key text NOT NULL
);

CREATE TABLE public.mapping (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    created_second integer NOT NULL,
    call_var text NOT NULL,
    call_variable text NOT NULL,
    key text NOT NULL,
    var_number text NOT NULL,
    disabled_at timestamp with time zone
);

CREATE TABLE public.postcode (
    tenant_id bigint NOT NULL,
    prefix text NOT NULL COLLATE pg_catalog."C",
    time_zone text NOT NULL
);

COMMENT ON TABLE public.postcode IS 'the time zones of the tenant''s postcodes: the longest beginning counts';

CREATE TABLE public.saved_filter (
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    name text NOT NULL,
    query text NOT NULL
);

COMMENT ON TABLE public.saved_filter IS 'what a user of the console has named of the searches among contacts';

CREATE TABLE public.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

CREATE TABLE public.sign_in_failure (
    key bytea NOT NULL,
    began_at timestamp with time zone NOT NULL,
    failures integer NOT NULL
);

COMMENT ON COLUMN public.sign_in_failure.key IS 'SHA-256 of the login or address: nobody''s typing is stored';

CREATE TABLE public.sign_in_link (
    digest bytea NOT NULL,
    tenant_id bigint NOT NULL,
    user_id bigint NOT NULL,
    ends_at timestamp with time zone NOT NULL
);

CREATE TABLE public.template (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    guid uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    retention_seconds double precision NOT NULL,
    data_keys text[] NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE public.tenant ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,
    agent text NOT NULL,
    secret bytea NOT NULL,
    enabled boolean NOT NULL,
    batch bigint NOT NULL,
    event_id bigint NOT NULL,
    leased_by text,
    leased_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.webhook.secret IS 'signs what is sent, so encrypted; the key file is outside the database';

COMMENT ON COLUMN public.webhook.event_id IS 'with batch: the last event that was considered';

CREATE TABLE public.webhook_delivery (
    tenant_id bigint NOT NULL,
    webhook_id bigint NOT NULL,
    batch bigint NOT NULL,
    event_id bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    state text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    tried_at timestamp with time zone,
    status integer,
    error text
);

COMMENT ON COLUMN public.webhook_delivery.subject IS 'whom it is about: what is about one is delivered in order';

COMMENT ON COLUMN public.webhook_delivery.state IS 'waiting, delivered, or dead after its last try';

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT app_user_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT app_user_tenant_id_login_key UNIQUE (tenant_id, login);

ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.attribute
    ADD CONSTRAINT attribute_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.attribute
    ADD CONSTRAINT attribute_tenant_id_key_key UNIQUE (tenant_id, key);

ALTER TABLE ONLY public.call_alias
    ADD CONSTRAINT call_alias_pkey PRIMARY KEY (tenant_id, call_id);

ALTER TABLE ONLY public.calling_list
    ADD CONSTRAINT calling_list_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.calling_list
    ADD CONSTRAINT calling_list_tenant_id_name_key UNIQUE (tenant_id, name);

ALTER TABLE ONLY public.calling_rules
    ADD CONSTRAINT calling_rules_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY public.campaign_list
    ADD CONSTRAINT campaign_list_pkey PRIMARY KEY (tenant_id, campaign_id, id);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.campaign_record
    ADD CONSTRAINT campaign_record_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.campaign_record
    ADD CONSTRAINT campaign_record_tenant_id_campaign_id_record_id_key UNIQUE (tenant_id, campaign_id, record_id);

ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_tenant_id_name_key UNIQUE (tenant_id, name);

ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.claimed_number
    ADD CONSTRAINT claimed_number_pkey PRIMARY KEY (tenant_id, match_key);

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT console_session_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.contact_merge
    ADD CONSTRAINT contact_merge_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.contact_phone
    ADD CONSTRAINT contact_phone_pkey PRIMARY KEY (tenant_id, match_key, contact_id, source_id, source);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.contact_search
    ADD CONSTRAINT contact_search_pkey PRIMARY KEY (tenant_id, attribute_id, folded, contact_id);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_id_key UNIQUE (id);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (digest, dialect);

ALTER TABLE ONLY public.daily_ration
    ADD CONSTRAINT daily_ration_pkey PRIMARY KEY (tenant_id, day);

ALTER TABLE ONLY public.daily_ration_use
    ADD CONSTRAINT daily_ration_use_pkey PRIMARY KEY (tenant_id, day, credential_id);

ALTER TABLE ONLY public.data_set
    ADD CONSTRAINT data_set_pkey PRIMARY KEY (tenant_id, template_id, number);

ALTER TABLE ONLY public.declared
    ADD CONSTRAINT declared_pkey PRIMARY KEY (tenant_id, kind, id);

ALTER TABLE ONLY public.dnc_binding
    ADD CONSTRAINT dnc_binding_pkey PRIMARY KEY (tenant_id, list_id, campaign_id);

ALTER TABLE ONLY public.dnc_entry
    ADD CONSTRAINT dnc_entry_pkey PRIMARY KEY (tenant_id, list_id, key);

ALTER TABLE ONLY public.dnc_list
    ADD CONSTRAINT dnc_list_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.dnc_list
    ADD CONSTRAINT dnc_list_tenant_id_name_key UNIQUE (tenant_id, name);

ALTER TABLE ONLY public.event_batch
    ADD CONSTRAINT event_batch_pkey PRIMARY KEY (tenant_id, number);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.event_ticket
    ADD CONSTRAINT event_ticket_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.exchange
    ADD CONSTRAINT exchange_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.former_secret
    ADD CONSTRAINT former_secret_pkey PRIMARY KEY (digest, dialect);

ALTER TABLE ONLY public.hidden_value
    ADD CONSTRAINT hidden_value_pkey PRIMARY KEY (tenant_id, attribute_id, contact_id);

ALTER TABLE ONLY public.identity_key
    ADD CONSTRAINT identity_key_pkey PRIMARY KEY (tenant_id, key);

ALTER TABLE ONLY public.import_block
    ADD CONSTRAINT import_block_pkey PRIMARY KEY (tenant_id, import_id, n);

ALTER TABLE ONLY public.import_job
    ADD CONSTRAINT import_job_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.import_named
    ADD CONSTRAINT import_named_pkey PRIMARY KEY (tenant_id, import_id, record_id);

ALTER TABLE ONLY public.import_profile
    ADD CONSTRAINT import_profile_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY public.import_range
    ADD CONSTRAINT import_range_pkey PRIMARY KEY (tenant_id, import_id, entity, first_id);

ALTER TABLE ONLY public.import_refusal
    ADD CONSTRAINT import_refusal_pkey PRIMARY KEY (tenant_id, import_id, "row");

ALTER TABLE ONLY public.import_removed
    ADD CONSTRAINT import_removed_pkey PRIMARY KEY (tenant_id, import_id, id);

ALTER TABLE ONLY public.interaction
    ADD CONSTRAINT interaction_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.interaction
    ADD CONSTRAINT interaction_tenant_id_call_id_key UNIQUE (tenant_id, call_id);

ALTER TABLE ONLY public.kept_answer
    ADD CONSTRAINT kept_answer_pkey PRIMARY KEY (tenant_id, holder, key);

ALTER TABLE ONLY public.leg
    ADD CONSTRAINT leg_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.leg
    ADD CONSTRAINT leg_tenant_id_interaction_id_identity_key UNIQUE (tenant_id, interaction_id, identity);

ALTER TABLE ONLY public.list_record_phone
    ADD CONSTRAINT list_record_phone_pkey PRIMARY KEY (tenant_id, record_id, slot);

ALTER TABLE ONLY public.list_record
    ADD CONSTRAINT list_record_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.loose_key
    ADD CONSTRAINT loose_key_pkey PRIMARY KEY (tenant_id, key);

ALTER TABLE ONLY public.mapping
    ADD CONSTRAINT mapping_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.mapping
    ADD CONSTRAINT mapping_tenant_id_call_var_call_variable_key_var_number_key UNIQUE (tenant_id, call_var, call_variable, key, var_number);

ALTER TABLE ONLY public.postcode
    ADD CONSTRAINT postcode_pkey PRIMARY KEY (tenant_id, prefix);

ALTER TABLE ONLY public.saved_filter
    ADD CONSTRAINT saved_filter_pkey PRIMARY KEY (tenant_id, user_id, name);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.sign_in_failure
    ADD CONSTRAINT sign_in_failure_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT sign_in_link_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.template
    ADD CONSTRAINT template_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.template
    ADD CONSTRAINT template_tenant_id_name_key UNIQUE (tenant_id, name);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_jtel_clients_id_key UNIQUE (jtel_clients_id);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT webhook_delivery_pkey PRIMARY KEY (tenant_id, webhook_id, event_id);

ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (tenant_id, id);

CREATE INDEX attempt_campaign ON public.attempt USING btree (tenant_id, campaign_id, started_at, id);

CREATE INDEX attempt_contact ON public.attempt USING btree (tenant_id, contact_id) WHERE (contact_id IS NOT NULL);

CREATE INDEX attempt_number ON public.attempt USING btree (tenant_id, match_key, started_at DESC);

CREATE INDEX attempt_record ON public.attempt USING btree (tenant_id, campaign_record_id, started_at DESC, id DESC) WHERE (campaign_record_id IS NOT NULL);

CREATE INDEX call_alias_interaction ON public.call_alias USING btree (tenant_id, interaction_id);

CREATE UNIQUE INDEX calling_list_own ON public.calling_list USING btree (tenant_id, campaign_id) WHERE (campaign_id IS NOT NULL);

CREATE INDEX campaign_list_list ON public.campaign_list USING btree (tenant_id, list_id);

CREATE INDEX campaign_record_changed ON public.campaign_record USING btree (tenant_id, campaign_id, changed_at, id);

CREATE INDEX campaign_record_claim ON public.campaign_record USING btree (tenant_id, claim_token) WHERE (claim_token IS NOT NULL);

CREATE INDEX campaign_record_completed ON public.campaign_record USING btree (tenant_id, campaign_id, list_id, completed_at, id) WHERE ((completed_at IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX campaign_record_next ON public.campaign_record USING btree (tenant_id, campaign_id, priority DESC, due_at, id) WHERE ((completed_at IS NULL) AND (removed_at IS NULL) AND (barred IS NULL));

CREATE INDEX campaign_record_recall ON public.campaign_record USING btree (tenant_id, campaign_id, next_try_at) WHERE ((recall IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX campaign_record_record ON public.campaign_record USING btree (tenant_id, record_id);

CREATE INDEX campaign_record_told ON public.campaign_record USING btree (tenant_id, campaign_id, list_id, told_at, id) WHERE ((told_at IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX change_import ON public.change USING btree (tenant_id, import_id, id) WHERE (import_id IS NOT NULL);

CREATE INDEX change_kind ON public.change USING btree (tenant_id, entity, id DESC);

CREATE INDEX change_of ON public.change USING btree (tenant_id, entity_id, id DESC);

CREATE INDEX change_xact ON public.change USING btree (tenant_id, xact, id) WHERE (xact IS NOT NULL);

CREATE INDEX claimed_number_record ON public.claimed_number USING btree (tenant_id, campaign_record_id);

CREATE INDEX console_session_user ON public.console_session USING btree (tenant_id, user_id);

CREATE INDEX contact_merge_kept ON public.contact_merge USING btree (tenant_id, kept_id);

CREATE INDEX contact_merge_merged ON public.contact_merge USING btree (tenant_id, merged_id);

CREATE INDEX contact_newest ON public.contact USING btree (tenant_id, created_second, id) WHERE (deleted_at IS NULL);

CREATE INDEX contact_phone_contact ON public.contact_phone USING btree (tenant_id, contact_id);

CREATE UNIQUE INDEX credential_name ON public.credential USING btree (tenant_id, dialect, name) WHERE (revoked_at IS NULL);

CREATE INDEX credential_of ON public.credential USING btree (tenant_id, id) WHERE (revoked_at IS NULL);

CREATE INDEX data_set_expiry ON public.data_set USING btree (tenant_id, expires_at);

CREATE INDEX data_set_match ON public.data_set USING btree (tenant_id, match_key);

CREATE INDEX dnc_entry_key ON public.dnc_entry USING btree (tenant_id, key);

CREATE INDEX event_at ON public.event USING btree (tenant_id, at);

CREATE INDEX event_batch_at ON public.event_batch USING btree (tenant_id, at);

CREATE INDEX event_xact ON public.event USING btree (tenant_id, xact, id);

CREATE INDEX exchange_age ON public.exchange USING btree (tenant_id, at);

CREATE INDEX exchange_key ON public.exchange USING btree (tenant_id, dialect, key_name, id DESC);

CREATE INDEX exchange_request ON public.exchange USING btree (tenant_id, request_id);

CREATE INDEX former_secret_credential ON public.former_secret USING btree (credential_id);

CREATE INDEX import_job_open ON public.import_job USING btree (tenant_id, id) WHERE (state = ANY (ARRAY['uploading'::text, 'waiting'::text, 'running'::text, 'undoing'::text]));

CREATE UNIQUE INDEX import_job_running ON public.import_job USING btree (tenant_id) WHERE (state = ANY (ARRAY['running'::text, 'undoing'::text]));

CREATE INDEX interaction_contact ON public.interaction USING btree (tenant_id, contact_id, started_at DESC, id DESC) WHERE (contact_id IS NOT NULL);

CREATE INDEX interaction_number ON public.interaction USING btree (tenant_id, match_key, started_at DESC, id DESC);

CREATE INDEX interaction_time ON public.interaction USING btree (tenant_id, started_at DESC, id DESC);

CREATE INDEX interaction_unlinked ON public.interaction USING btree (tenant_id, match_key, started_at DESC, id DESC) WHERE (contact_id IS NULL);

CREATE INDEX kept_answer_age ON public.kept_answer USING btree (tenant_id, created_at);

CREATE INDEX leg_agent ON public.leg USING btree (tenant_id, lower(agent), COALESCE(started_at, created_at) DESC, id DESC) WHERE (lower(agent) <> ''::text);

CREATE INDEX leg_call ON public.leg USING btree (tenant_id, call_id) WHERE (call_id <> ''::text);

CREATE INDEX list_record_contact ON public.list_record USING btree (tenant_id, contact_id, id) WHERE (contact_id IS NOT NULL);

CREATE INDEX list_record_customer ON public.list_record USING btree (tenant_id, customer_id, id) WHERE (customer_id IS NOT NULL);

CREATE INDEX list_record_external ON public.list_record USING btree (tenant_id, external_id, id) WHERE (external_id IS NOT NULL);

CREATE INDEX list_record_key ON public.list_record USING btree (tenant_id, list_id, key_text, id) WHERE (NOT unique_keys);

CREATE INDEX list_record_name ON public.list_record USING btree (tenant_id, list_id, sort_name, id);

CREATE INDEX list_record_phone_match ON public.list_record_phone USING btree (tenant_id, match_key, record_id);

CREATE UNIQUE INDEX list_record_position ON public.list_record USING btree (tenant_id, list_id, "position");

CREATE INDEX list_record_submitted ON public.list_record USING btree (tenant_id, list_id, key_submitted, id);

CREATE UNIQUE INDEX list_record_unique ON public.list_record USING btree (tenant_id, list_id, key_text) WHERE unique_keys;

CREATE UNIQUE INDEX tenant_cim ON public.tenant USING btree (cim) WHERE cim;

CREATE INDEX webhook_delivery_dead ON public.webhook_delivery USING btree (tenant_id, webhook_id, event_id) WHERE (state = 'dead'::text);

CREATE INDEX webhook_delivery_waiting ON public.webhook_delivery USING btree (tenant_id, webhook_id, subject, batch, event_id) WHERE (state = 'waiting'::text);

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT app_user_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

ALTER TABLE ONLY public.campaign_list
    ADD CONSTRAINT campaign_list_tenant_id_campaign_id_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES public.campaign(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.campaign_list
    ADD CONSTRAINT campaign_list_tenant_id_list_id_fkey FOREIGN KEY (tenant_id, list_id) REFERENCES public.calling_list(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT console_session_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.app_user(tenant_id, id);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

ALTER TABLE ONLY public.dnc_binding
    ADD CONSTRAINT dnc_binding_tenant_id_campaign_id_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES public.campaign(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.dnc_binding
    ADD CONSTRAINT dnc_binding_tenant_id_list_id_fkey FOREIGN KEY (tenant_id, list_id) REFERENCES public.dnc_list(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.former_secret
    ADD CONSTRAINT former_secret_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES public.credential(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.former_secret
    ADD CONSTRAINT former_secret_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT sign_in_link_tenant_id_user_id_fkey FOREIGN KEY (tenant_id, user_id) REFERENCES public.app_user(tenant_id, id);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT webhook_delivery_tenant_id_webhook_id_fkey FOREIGN KEY (tenant_id, webhook_id) REFERENCES public.webhook(tenant_id, id) ON DELETE CASCADE;
