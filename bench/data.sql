-- The reads' tenant, filled by psql. Variables: tenant, contacts, step (see bench/data.py).
-- Number i is (212 + i % 8) 2_000_000 + i / 8 * step: United States, valid, spread over the index.

SET synchronous_commit = off;
\set ON_ERROR_STOP on

SELECT nextval('record_id') AS base \gset
SELECT id AS template FROM template WHERE tenant_id = :tenant \gset
SELECT id AS list FROM calling_list WHERE tenant_id = :tenant AND campaign_id IS NULL \gset
SELECT id AS campaign FROM campaign WHERE tenant_id = :tenant \gset

CREATE FUNCTION pg_temp.national(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN ((212 + i % 8) * 10000000 + 2000000 + i / 8 * :step)::text;

CREATE FUNCTION pg_temp.written(digits text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN '(' || left(digits, 3) || ') ' || substr(digits, 4, 3) || '-' || right(digits, 4);

CREATE TEMP TABLE person AS
SELECT i,
       :base + 1 + i AS id,
       pg_temp.national(i) AS phone1,
       CASE WHEN i % 2 = 0 THEN pg_temp.national(:contacts + i / 2) END AS phone2,
       (ARRAY['Maria', 'James', 'Aisha', 'Chen', 'Olga', 'Diego', 'Ngozi', 'Tom'])[1 + i % 8] AS first_name,
       (ARRAY['Smith', 'Garcia', 'Okafor', 'Wang', 'Ivanova', 'Jones', 'Meyer', 'Silva', 'Brown', 'Ali', 'Kim'])[1 + i % 11]
           AS last_name,
       now() - i % 900 * interval '1 day' AS at
  FROM generate_series(0, :contacts - 1) AS i;

INSERT INTO contact (tenant_id, id, created_second, attributes, created_at, updated_at)
SELECT :tenant, id, extract(epoch FROM at)::int,
       json_strip_nulls(json_build_object(
           'customer_id', 'C' || lpad(i::text, 8, '0'),
           'first_name', first_name,
           'last_name', last_name,
           'phone1', pg_temp.written(phone1),
           'phone2', '+1' || phone2,
           'email', lower(first_name || '.' || last_name) || i || '@example.com',
           'city', (ARRAY['Springfield', 'Riverside', 'Franklin', 'Clinton'])[1 + i % 4],
           'state', (ARRAY['IL', 'CA', 'TN', 'NY'])[1 + i % 4])),
       at, at
  FROM person;

INSERT INTO contact_phone (tenant_id, match_key, contact_id, source_id, source, raw, e164, digits)
SELECT :tenant, '+1' || phone1, id, 0, 'phone1', pg_temp.written(phone1), '+1' || phone1, phone1
  FROM person
 UNION ALL
SELECT :tenant, '+1' || phone2, id, 0, 'phone2', '+1' || phone2, '+1' || phone2, '1' || phone2
  FROM person
 WHERE phone2 IS NOT NULL;

INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
SELECT :tenant, a.id, 'c' || lpad(i::text, 8, '0'), p.id
  FROM person p
  JOIN attribute a ON a.tenant_id = :tenant AND a.key = 'customer_id';

SELECT setval('record_id', :base + :contacts) \g /dev/null

-- Three of ten have called, once or twice: an IVR and an agent each time.
CREATE TEMP TABLE call AS
SELECT nextval('record_id') AS id, p.id AS contact_id, p.phone1, 'call-' || p.i || '-' || k AS call_id,
       now() - (p.i % 400 + k) * interval '1 hour' AS at
  FROM person p, generate_series(0, p.i / 10 % 2) AS k
 WHERE p.i % 10 < 3;

INSERT INTO interaction (tenant_id, id, call_id, ani, match_key, contact_id, link, started_at, created_at)
SELECT :tenant, id, call_id, phone1, '+1' || phone1, contact_id, 'phone', at, at
  FROM call;

INSERT INTO leg (tenant_id, created_second, interaction_id, identity, actor, direction, call_id, agent, team, queue,
                 started_at, duration_seconds, ivr_trail, disposition, outcome, wrap_up, created_at, updated_at)
SELECT :tenant, extract(epoch FROM at)::int, id, 'ivr', 'IVR', 'INBOUND', call_id, '', '', '', at, 40,
       'Welcome > Billing > Payments', '', NULL, '', at, at
  FROM call
 UNION ALL
SELECT :tenant, extract(epoch FROM at)::int, id, 'agent', 'AGENT', 'INBOUND', call_id, 'a.jones', 'Service', 'Billing',
       at + interval '40 s', 215, '', 'Resolved', 'answered', 'Payment plan agreed', at, at
  FROM call;

-- One of ten is in an open campaign.
INSERT INTO list_record (tenant_id, list_id, position, fields, key_text, key_submitted, unique_keys, contact_id, link,
                         created_at, updated_at)
SELECT :tenant, :list, i, json_build_object('Id', i::text, 'Phone', phone1), '["' || i || '"]', '["' || i || '"]', true,
       id, 'phone', at, at
  FROM person
 WHERE i % 10 = 5;

INSERT INTO list_record_phone (tenant_id, record_id, slot, field, match_key, raw, e164, digits)
SELECT :tenant, r.id, 1, 'Phone', '+1' || p.phone1, p.phone1, '+1' || p.phone1, p.phone1
  FROM list_record r
  JOIN person p ON p.id = r.contact_id
 WHERE r.tenant_id = :tenant;

INSERT INTO campaign_record (tenant_id, campaign_id, list_id, record_id, tries, created_at, changed_at)
SELECT :tenant, :campaign, :list, id, position / 10 % 3, created_at, created_at
  FROM list_record
 WHERE tenant_id = :tenant;

-- As many numbers have context that waits for them; it outlives any bench.
INSERT INTO data_set (tenant_id, template_id, number, match_key, ani, data_values, submitted_at, expires_at)
SELECT :tenant, :template, phone1, '+1' || phone1, phone1,
       json_build_object('reason', 'payment', 'account', 'A' || lpad(i::text, 8, '0'), 'language', 'en'),
       now(), '2100-01-01'
  FROM person
 WHERE i < :contacts / 10;

SELECT setval('record_id', max(id)) FROM (
    SELECT max(id) AS id FROM leg UNION ALL SELECT max(id) FROM data_set UNION ALL SELECT max(id) FROM campaign_record
) AS used \g /dev/null

DROP TABLE person, call;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
