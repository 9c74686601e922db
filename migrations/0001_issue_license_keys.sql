-- Products, API keys, issuances and the license keys they produced.
-- Instants are milliseconds UTC; they become text only at the wire.

CREATE TABLE products (
  -- AUTOINCREMENT here and on api_keys: an id that was deleted never comes back as another's.
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- SHA-256 in lower-case hex. A key holds 256 random bits, so no slow hash is needed.
  key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64 AND key_hash NOT GLOB '*[^0-9a-f]*'),
  -- The first characters, so that a person can tell two keys apart.
  key_start TEXT NOT NULL CHECK (length(key_start) <= 8),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  capabilities TEXT NOT NULL CHECK (json_type(capabilities) = 'array'),
  -- Canonical networks ("203.0.113.0/24"). NULL: any address. An empty list is refused, it would read as both.
  allowed_ips TEXT CHECK (allowed_ips IS NULL OR json_array_length(allowed_ips) > 0),
  created_at INTEGER NOT NULL
) STRICT;

-- One row an order: the audit trail and the replay memory at once. Never updated, never deleted. What was asked
-- for stands in it whole, so that a replay is told from a misuse of its idempotency key.
CREATE TABLE issuances (
  id INTEGER PRIMARY KEY,
  -- Who asked: 'api:<api key id>'.
  source TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- Tells the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 10000),
  owner_name TEXT NOT NULL CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT NOT NULL CHECK (length(owner_email) BETWEEN 1 AND 254),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  created_at INTEGER NOT NULL,
  UNIQUE (source, idempotency_key)
) STRICT;

CREATE TABLE license_keys (
  id INTEGER PRIMARY KEY,
  product_id INTEGER NOT NULL REFERENCES products (id),
  license_key TEXT NOT NULL UNIQUE CHECK (length(license_key) BETWEEN 1 AND 255),
  status TEXT NOT NULL CHECK (status IN ('available', 'assigned', 'reserved', 'blocked')),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  owner_name TEXT CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT CHECK (length(owner_email) BETWEEN 1 AND 254),
  assigned_at INTEGER,
  contract_id INTEGER,
  issuance_id INTEGER REFERENCES issuances (id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (status <> 'assigned' OR assigned_at IS NOT NULL)
) STRICT;

-- Partial, so that a key that no issuance made does not pay for it.
CREATE INDEX license_keys_by_issuance ON license_keys (issuance_id) WHERE issuance_id IS NOT NULL;
