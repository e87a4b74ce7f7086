-- The Ledger, version 19: the filters of lists. Each index ends with the order of its list, so that a page reads its own
-- rows only.

CREATE INDEX conversions_by_customer ON conversions (customer_id, no) WHERE customer_id IS NOT NULL;
CREATE INDEX conversions_by_listing ON conversions (listing_no, no) WHERE listing_no IS NOT NULL;
CREATE INDEX conversions_by_link ON conversions (link_no, no) WHERE link_no <> 0;
CREATE INDEX conversion_credits_by_link ON conversion_credits (link_no, conversion_no) WHERE link_no <> 0;
CREATE INDEX conversions_by_coupon ON conversions (coupon COLLATE NOCASE, no) WHERE coupon IS NOT NULL;
CREATE INDEX conversions_by_type ON conversions (type, no);
CREATE INDEX conversions_attributed ON conversions (no) WHERE partner_no <> 0;
-- Within a period, the order is that of the time when the conversions happened.
CREATE INDEX conversions_by_partner_time ON conversions (partner_no, occurred_at, no);

CREATE INDEX commissions_by_status ON commissions (status, no);
CREATE INDEX commissions_by_plan ON commissions (plan, no) WHERE plan IS NOT NULL;
CREATE INDEX commissions_by_time ON commissions (created_at, no);
CREATE INDEX commissions_by_partner_time ON commissions (partner_no, created_at, no);

CREATE INDEX links_of_listing ON links (listing_no, no);
CREATE INDEX links_by_campaign ON links (campaign, no) WHERE campaign IS NOT NULL;

CREATE INDEX partners_by_status ON partners (status, no);
CREATE INDEX partners_by_kind ON partners (kind, no);
CREATE INDEX partners_by_country ON partners (country, no) WHERE country IS NOT NULL;

-- The words of partners' names and e-mail addresses, folded (store/programme/partner_words.rs). Those of partners from
-- before this version are added when the Ledger opens.
CREATE TABLE partner_words (word TEXT NOT NULL, partner_no INTEGER NOT NULL REFERENCES partners,
  PRIMARY KEY (word, partner_no)) WITHOUT ROWID;
CREATE INDEX partner_words_of ON partner_words (partner_no, word);
INSERT INTO meta (name, value) SELECT 'partner_words_missing', 1 WHERE EXISTS (SELECT 1 FROM partners);

CREATE INDEX events_by_type ON events (type, seq);
