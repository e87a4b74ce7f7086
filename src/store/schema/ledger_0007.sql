-- The Ledger. Version 7: customers who do twice what happens once.

-- Whether a customer did the same before is asked of each lead, install and subscription that earns: only those are in
-- the index (domain/fraud.rs), so that sales and renewals cost nothing.
CREATE INDEX conversions_once ON conversions (customer_id, type, listing_no, no) WHERE partner_no <> 0
  AND customer_id IS NOT NULL AND type IN ('lead', 'install', 'subscription_started');
