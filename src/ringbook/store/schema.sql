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
    disabled_at timestamp with time zone
);

COMMENT ON COLUMN public.app_user.digest_ha1 IS 'password-equivalent, so encrypted; the key file is outside the database';

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
    told_at timestamp with time zone
);

COMMENT ON COLUMN public.campaign_record.phone_tries IS 'by the phone''s slot: tries, last cause, last outcome';

COMMENT ON COLUMN public.campaign_record.removed_at IS 'detached through the campaign; keeps it from being materialised again';

COMMENT ON COLUMN public.campaign_record.recalls IS 'how often a recall was arranged';

COMMENT ON COLUMN public.campaign_record.recall IS 'the recall that next_try_at is for: phone, style, agent';

COMMENT ON COLUMN public.campaign_record.told_at IS 'the last attempt was reported, or the record was coded; no two of a bulk alike';

CREATE TABLE public.change (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    dialect text NOT NULL,
    entity text NOT NULL,
    entity_id bigint NOT NULL,
    before json,
    after json
);

CREATE TABLE public.contact (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    created_second integer NOT NULL,
    attributes json NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    merged_into bigint
);

CREATE TABLE public.contact_merge (
    tenant_id bigint NOT NULL,
    id bigint DEFAULT nextval('public.record_id'::regclass) NOT NULL,
    kept_id bigint NOT NULL,
    merged_id bigint NOT NULL,
    evidence json NOT NULL,
    merged_at timestamp with time zone NOT NULL,
    undone_at timestamp with time zone
);

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

CREATE TABLE public.hidden_value (
    tenant_id bigint NOT NULL,
    attribute_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    value json NOT NULL
);

CREATE TABLE public.identity_key (
    tenant_id bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C"
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
    sort_name text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON COLUMN public.list_record.link IS 'how it found its contact: created, customer_id, phone or hand';

COMMENT ON COLUMN public.list_record.sort_name IS 'the folded last name, else the first, else the company';

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

CREATE TABLE public.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
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

ALTER TABLE ONLY public.hidden_value
    ADD CONSTRAINT hidden_value_pkey PRIMARY KEY (tenant_id, attribute_id, contact_id);

ALTER TABLE ONLY public.identity_key
    ADD CONSTRAINT identity_key_pkey PRIMARY KEY (tenant_id, key);

ALTER TABLE ONLY public.interaction
    ADD CONSTRAINT interaction_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY public.interaction
    ADD CONSTRAINT interaction_tenant_id_call_id_key UNIQUE (tenant_id, call_id);

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

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (number);

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

CREATE INDEX attempt_campaign ON public.attempt USING btree (tenant_id, campaign_id, started_at, id);

CREATE INDEX attempt_number ON public.attempt USING btree (tenant_id, match_key, started_at DESC);

CREATE INDEX attempt_record ON public.attempt USING btree (tenant_id, campaign_record_id, started_at DESC, id DESC) WHERE (campaign_record_id IS NOT NULL);

CREATE INDEX call_alias_interaction ON public.call_alias USING btree (tenant_id, interaction_id);

CREATE UNIQUE INDEX calling_list_own ON public.calling_list USING btree (tenant_id, campaign_id) WHERE (campaign_id IS NOT NULL);

CREATE INDEX campaign_list_list ON public.campaign_list USING btree (tenant_id, list_id);

CREATE INDEX campaign_record_changed ON public.campaign_record USING btree (tenant_id, campaign_id, changed_at, id);

CREATE INDEX campaign_record_completed ON public.campaign_record USING btree (tenant_id, campaign_id, list_id, completed_at, id) WHERE ((completed_at IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX campaign_record_next ON public.campaign_record USING btree (tenant_id, campaign_id, priority DESC, next_try_at NULLS FIRST, id) WHERE ((completed_at IS NULL) AND (removed_at IS NULL) AND (barred IS NULL));

CREATE INDEX campaign_record_recall ON public.campaign_record USING btree (tenant_id, campaign_id, next_try_at) WHERE ((recall IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX campaign_record_record ON public.campaign_record USING btree (tenant_id, record_id);

CREATE INDEX campaign_record_told ON public.campaign_record USING btree (tenant_id, campaign_id, list_id, told_at, id) WHERE ((told_at IS NOT NULL) AND (removed_at IS NULL));

CREATE INDEX change_entity ON public.change USING btree (tenant_id, entity, entity_id, id DESC);

CREATE INDEX contact_merge_kept ON public.contact_merge USING btree (tenant_id, kept_id);

CREATE INDEX contact_newest ON public.contact USING btree (tenant_id, created_second, id) WHERE (deleted_at IS NULL);

CREATE INDEX contact_phone_contact ON public.contact_phone USING btree (tenant_id, contact_id);

CREATE UNIQUE INDEX credential_name ON public.credential USING btree (tenant_id, dialect, name) WHERE (revoked_at IS NULL);

CREATE INDEX data_set_expiry ON public.data_set USING btree (tenant_id, expires_at);

CREATE INDEX data_set_match ON public.data_set USING btree (tenant_id, match_key);

CREATE INDEX dnc_entry_key ON public.dnc_entry USING btree (tenant_id, key);

CREATE INDEX interaction_contact ON public.interaction USING btree (tenant_id, contact_id, started_at DESC, id DESC) WHERE (contact_id IS NOT NULL);

CREATE INDEX interaction_number ON public.interaction USING btree (tenant_id, match_key, started_at DESC, id DESC);

CREATE INDEX interaction_unlinked ON public.interaction USING btree (tenant_id, match_key, started_at DESC, id DESC) WHERE (contact_id IS NULL);

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

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT app_user_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

ALTER TABLE ONLY public.campaign_list
    ADD CONSTRAINT campaign_list_tenant_id_campaign_id_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES public.campaign(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.campaign_list
    ADD CONSTRAINT campaign_list_tenant_id_list_id_fkey FOREIGN KEY (tenant_id, list_id) REFERENCES public.calling_list(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant(id);

ALTER TABLE ONLY public.dnc_binding
    ADD CONSTRAINT dnc_binding_tenant_id_campaign_id_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES public.campaign(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.dnc_binding
    ADD CONSTRAINT dnc_binding_tenant_id_list_id_fkey FOREIGN KEY (tenant_id, list_id) REFERENCES public.dnc_list(tenant_id, id) ON DELETE CASCADE;
