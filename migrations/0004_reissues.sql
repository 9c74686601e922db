-- A reissued license key takes the place of another one in its order: what is refunded, disputed or renewed there
-- counts for both.

CREATE TABLE reissues (
  -- What made the new key. Not the key itself: one that goes back to stock or is deleted leaves its place.
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- The order in which it stands: the issuance of the key that was reissued first, of a chain of reissues.
  order_issuance_id INTEGER NOT NULL REFERENCES issuances (id) CHECK (order_issuance_id <> issuance_id),
  -- The id of that key. It refers to no row: the place stays when that key is deleted.
  place_id INTEGER NOT NULL
) STRICT;

CREATE INDEX reissues_by_order ON reissues (order_issuance_id);

-- Reissues made before this migration: the id of the old key is their idempotency key, and how it was issued was kept.
-- A key that came back from stock has several issuances: the latest before the reissue is the one it stood in. What was
-- kept of a key that was deleted since says nothing of another one that has its id now.
INSERT INTO reissues (issuance_id, order_issuance_id, place_id)
WITH RECURSIVE replaced AS MATERIALIZED (
  SELECT issuances.id AS issuance_id, kept.license_key_id AS key_id, max(kept.issuance_id) AS stood_in
  FROM issuances CROSS JOIN license_keys_as_issued AS kept
    ON kept.license_key_id = CAST(issuances.idempotency_key AS INTEGER) AND kept.issuance_id < issuances.id
  LEFT JOIN license_keys ON license_keys.id = kept.license_key_id
  WHERE issuances.source = 'cli:reissue'
    AND (license_keys.id IS NULL OR license_keys.license_key = kept.license_key)
  GROUP BY issuances.id
),
places (issuance_id, order_issuance_id, place_id) AS (
  SELECT issuance_id, stood_in, key_id FROM replaced
  WHERE stood_in NOT IN (SELECT issuance_id FROM replaced)
  UNION ALL
  SELECT replaced.issuance_id, places.order_issuance_id, places.place_id
  FROM places CROSS JOIN replaced ON replaced.stood_in = places.issuance_id
)
SELECT issuance_id, order_issuance_id, place_id FROM places;

-- What was taken back since those reissues did not block the new keys; it does from now on. What was renewed since
-- is not made up for: nobody knows here which of them were extended by hand meanwhile.
UPDATE license_keys SET status_before_reversal = status, status = 'blocked', updated_at = unixepoch() * 1000
WHERE status_before_reversal IS NULL AND issuance_id IN (
  SELECT reissues.issuance_id FROM reissues
  CROSS JOIN license_keys AS old ON old.id = reissues.place_id AND old.issuance_id = reissues.order_issuance_id
  WHERE old.status_before_reversal IS NOT NULL
);
