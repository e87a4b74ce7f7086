-- The Ledger, version 12: customers of shops are named with their listing, because each shop numbers its customers and
-- orders itself: `woocommerce:customer:26` becomes `woocommerce:<listing id>/customer:26`. A replay runs this script again
-- at its end, because the events from before it have the old names. Conversions that were sent with the API keep the name
-- that they were sent with.

CREATE VIEW shop_customers AS
  SELECT c.no AS conversion_no, c.customer_id AS customer_id, c.listing_no AS listing_no,
    l.marketplace || ':' || l.id || '/' || substr(c.customer_id, length(l.marketplace) + 2) AS renamed
  FROM conversions c JOIN listings l ON l.no = c.listing_no
  WHERE l.marketplace IN ('woocommerce', 'magento') AND c.external_id GLOB l.id || '/*'
    AND (c.customer_id GLOB l.marketplace || ':customer:*' OR c.customer_id GLOB l.marketplace || ':order:*');

-- A touch goes to the shop whose conversion bound it. One that was bound without a conversion goes to the only shop that
-- knows the customer, or to the shop that its link leads to. Any other stays under the old name, which no callback uses.
UPDATE OR REPLACE customer_touches SET customer_id =
    (SELECT renamed FROM shop_customers s WHERE s.conversion_no = customer_touches.bound_by)
  WHERE bound_by <> 0 AND EXISTS (SELECT 1 FROM shop_customers s
    WHERE s.conversion_no = customer_touches.bound_by AND s.customer_id = customer_touches.customer_id);
UPDATE OR REPLACE customer_touches SET customer_id =
    (SELECT renamed FROM shop_customers s WHERE s.customer_id = customer_touches.customer_id
     ORDER BY s.listing_no = (SELECT k.listing_no FROM links k WHERE k.no = customer_touches.link_no) DESC LIMIT 1)
  WHERE bound_by = 0 AND (customer_id GLOB 'woocommerce:*' OR customer_id GLOB 'magento:*')
    AND (1 = (SELECT count(DISTINCT s.listing_no) FROM shop_customers s
              WHERE s.customer_id = customer_touches.customer_id)
      OR EXISTS (SELECT 1 FROM shop_customers s WHERE s.customer_id = customer_touches.customer_id
        AND s.listing_no = (SELECT k.listing_no FROM links k WHERE k.no = customer_touches.link_no)));

-- What a cap per customer has used up counts for each of the shops, so that nobody earns more than the cap.
INSERT INTO uses (key, used)
  SELECT DISTINCT substr(u.key, 1, instr(u.key, ' customer ') + 9) || s.renamed, u.used
  FROM uses u JOIN shop_customers s ON s.customer_id = substr(u.key, instr(u.key, ' customer ') + 10)
  WHERE instr(u.key, ' customer ') > 0
  ON CONFLICT (key) DO UPDATE SET used = used + excluded.used;
DELETE FROM uses WHERE instr(key, ' customer ') > 0
  AND substr(key, instr(key, ' customer ') + 10) IN (SELECT customer_id FROM shop_customers);

UPDATE conversions SET customer_id =
    (SELECT renamed FROM shop_customers s WHERE s.conversion_no = conversions.no)
  WHERE no IN (SELECT conversion_no FROM shop_customers);

DROP VIEW shop_customers;
