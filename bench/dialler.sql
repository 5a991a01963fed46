-- The diallers' tenant, filled by psql: as many records as there are contacts, in the own lists of twenty campaigns.
-- Numbers are those of data.sql. Variables: tenant, contacts, step.

SET synchronous_commit = off;
\set ON_ERROR_STOP on

SELECT nextval('record_id') AS base \gset

CREATE FUNCTION pg_temp.national(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN ((212 + i % 8) * 10000000 + 2000000 + i / 8 * :step)::text;

CREATE TEMP TABLE listed AS
SELECT i,
       :base + 1 + i AS id,
       l.id AS list,
       l.campaign_id AS campaign,
       pg_temp.national(i) AS tel1,
       'C' || lpad(i::text, 8, '0') AS customer,
       (ARRAY['Maria', 'James', 'Aisha', 'Chen', 'Olga', 'Diego', 'Ngozi', 'Tom'])[1 + i % 8] AS first_name,
       (ARRAY['Smith', 'Garcia', 'Okafor', 'Wang', 'Ivanova', 'Jones', 'Meyer', 'Silva', 'Brown', 'Ali', 'Kim'])[1 + i % 11]
           AS last_name,
       now() - i % 900 * interval '1 day' AS at
  FROM generate_series(0, :contacts - 1) AS i
  JOIN calling_list l ON l.tenant_id = :tenant AND l.campaign_id = 1 + i % 20;

INSERT INTO list_record (tenant_id, id, list_id, position, fields, key_text, key_submitted, unique_keys, customer_id,
                         external_id, sort_name, created_at, updated_at)
SELECT :tenant, id, list, i / 20,
       json_build_object('customer_name', first_name, 'customer_last_name', last_name, 'customer_id', customer,
                         'city', 'Springfield', 'country', 'US', 'opt1', 'renewal', 'tel1', tel1,
                         'UserData', 'crm-' || i),
       '["' || customer || '"]', '["' || customer || '"]', false, customer, 'crm-' || i, lower(last_name), at, at
  FROM listed;

INSERT INTO list_record_phone (tenant_id, record_id, slot, field, match_key, raw, e164, digits)
SELECT :tenant, id, 1, 'tel1', '+1' || tel1, tel1, '+1' || tel1, tel1
  FROM listed;

INSERT INTO campaign_record (tenant_id, id, campaign_id, list_id, record_id, tries, outcome, last_attempt_at, created_at,
                             changed_at)
SELECT :tenant, id + :contacts, campaign, list, id, i % 2, CASE WHEN i % 2 = 1 THEN 'no_answer' END,
       CASE WHEN i % 2 = 1 THEN at END, at, at
  FROM listed;

INSERT INTO attempt (tenant_id, id, campaign_id, campaign_record_id, record_id, slot, phone, match_key, started_at,
                     ring_seconds, talk_seconds, outcome, disposition, final, agent, call_id, notes, created_at)
SELECT :tenant, id + 2 * :contacts, campaign, id + :contacts, id, 1, tel1, '+1' || tel1, at, 20, 0, 'no_answer',
       'No answer', false, '', 'call-' || i, '', at
  FROM listed
 WHERE i % 2 = 1;

UPDATE calling_list SET next_position = :contacts WHERE tenant_id = :tenant;
SELECT setval('record_id', :base + 3 * :contacts + 1) \g /dev/null

DROP TABLE listed;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
