-- Who is signed in to the console, and what each user has kept there. Small and global: a session finds its tenant.

ALTER TABLE app_user ADD COLUMN time_zone text;
COMMENT ON COLUMN app_user.time_zone IS 'in which the user reads times; null is the tenant''s';

CREATE TABLE console_session (
    digest     bytea       NOT NULL PRIMARY KEY,
    tenant_id  bigint      NOT NULL,
    user_id    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);
COMMENT ON COLUMN console_session.digest IS 'SHA-256 of the cookie''s secret; the secret itself is stored nowhere';
COMMENT ON COLUMN console_session.seen_at IS 'when it was used last, to the minute';
CREATE INDEX console_session_user ON console_session (tenant_id, user_id);

-- A session ends at its time, when it has not been used for two hours, and with its user.
CREATE VIEW live_console_session AS
    SELECT s.digest, s.tenant_id, s.user_id, s.created_at, s.seen_at, s.ends_at
      FROM console_session s
     WHERE s.ends_at > ringbook_now(s.tenant_id)
       AND s.seen_at > ringbook_now(s.tenant_id) - interval '2 hours';

-- A link signs in once: using it takes its row away.
CREATE TABLE sign_in_link (
    digest    bytea       NOT NULL PRIMARY KEY,
    tenant_id bigint      NOT NULL,
    user_id   bigint      NOT NULL,
    ends_at   timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES app_user
);

-- How often somebody lately tried to sign in and failed, by login, by address, and by both.
CREATE TABLE sign_in_failure (
    key      bytea       NOT NULL PRIMARY KEY,
    began_at timestamptz NOT NULL,
    failures integer     NOT NULL
);
COMMENT ON COLUMN sign_in_failure.key IS 'SHA-256 of the login or address: nobody''s typing is stored';

CREATE TABLE saved_filter (
    tenant_id bigint NOT NULL,
    user_id   bigint NOT NULL,
    name      text   NOT NULL,
    query     text   NOT NULL,
    PRIMARY KEY (tenant_id, user_id, name)
);
COMMENT ON TABLE saved_filter IS 'what a user of the console has named of the searches among contacts';
