-- A word that a name begins with is found by the name itself: it needs no entry of its own, and most names have one
-- word. What is left are the further words. One pass over contact_search.

SET LOCAL enable_nestloop = off; -- the planner, which has never seen two attributes of one contact, would go one by one
SET LOCAL work_mem = '64MB';

DELETE FROM contact_search word
 USING contact_search name
  JOIN attribute a
    ON a.tenant_id = name.tenant_id
   AND a.id = name.attribute_id
   AND a.key IN ('first_name', 'last_name')
 WHERE word.attribute_id = 0
   AND name.tenant_id = word.tenant_id
   AND name.contact_id = word.contact_id
   AND starts_with(name.folded, word.folded);

RESET work_mem;
RESET enable_nestloop;
