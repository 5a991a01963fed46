-- What CIM's clients can do to a schema and to calls: rename, hide and bring back attributes, join calls that were
-- transferred. New tables and columns with constant defaults: it takes no time on a large database.

ALTER TABLE attribute ADD COLUMN aliases text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN attribute.aliases IS 'keys that it had before: still understood, never told';

-- The values of an attribute while it is hidden. They are in no contact meanwhile, so nothing shows or finds them.
CREATE TABLE hidden_value (
    tenant_id    bigint NOT NULL,
    attribute_id bigint NOT NULL,
    contact_id   bigint NOT NULL,
    value        json   NOT NULL,
    PRIMARY KEY (tenant_id, attribute_id, contact_id)
);

-- Keys that contacts hold although the schema lacks them: to be looked for when an attribute of that key is made.
CREATE TABLE loose_key (
    tenant_id bigint NOT NULL,
    key       text   NOT NULL,
    PRIMARY KEY (tenant_id, key)
);

-- Other ids under which a call is known: those of the calls that were joined into it.
CREATE TABLE call_alias (
    tenant_id      bigint NOT NULL,
    call_id        text   COLLATE "C" NOT NULL,
    interaction_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, call_id)
);
CREATE INDEX call_alias_interaction ON call_alias (tenant_id, interaction_id);
