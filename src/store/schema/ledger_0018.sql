-- The Ledger, version 18: e-mail addresses of customers, as marketplaces report them. They are compared with those of
-- partners and never shown, so only a hash under a subkey of DATA_KEY is stored.
CREATE TABLE customer_emails (customer_id TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (customer_id, digest))
  WITHOUT ROWID;
