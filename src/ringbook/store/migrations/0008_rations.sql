-- What a tenant's keys use of an API that is rationed by the day (wolkvox: licences x 1000). New tables; takes no time.

CREATE TABLE daily_ration (
    tenant_id bigint  NOT NULL,
    day       date    NOT NULL,
    leased    integer NOT NULL,
    PRIMARY KEY (tenant_id, day)
);
COMMENT ON COLUMN daily_ration.day IS 'in the tenant''s own time zone';
COMMENT ON COLUMN daily_ration.leased IS 'requests that hosts took to grant; what they did not need they give back';

CREATE TABLE daily_ration_use (
    tenant_id     bigint  NOT NULL,
    day           date    NOT NULL,
    credential_id bigint  NOT NULL,
    used          integer NOT NULL,
    PRIMARY KEY (tenant_id, day, credential_id)
);
