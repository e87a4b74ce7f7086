-- Schema of one shard of the click log, version 3: the filter of `GET /v1/clicks` by bucket. Clicks arrive almost in the
-- order of time, so the index grows at one end per bucket.
CREATE INDEX click_by_bucket ON click (bucket, at_ms);
