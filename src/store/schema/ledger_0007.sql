-- The Ledger, version 7: customers who repeat events that normally happen once.

-- Every credited lead, install and subscription is checked for an earlier one of the same customer. The index has only
-- those types (domain/conversions/fraud.rs), so that sales and renewals cost nothing.
CREATE INDEX conversions_once ON conversions (customer_id, type, listing_no, no) WHERE partner_no <> 0
  AND customer_id IS NOT NULL AND type IN ('lead', 'install', 'subscription_started');
