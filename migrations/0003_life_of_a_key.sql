-- The rest of a key's life: generators and stock, activations, metadata, contracts, orders that are queued, and
-- what makes every change happen once.

-- As the protocol tells of products. What is deleted stays, since issuances and license keys refer to it.
ALTER TABLE products ADD COLUMN description TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 10000);
ALTER TABLE products ADD COLUMN source TEXT NOT NULL DEFAULT 'internal' CHECK (source IN ('internal', 'envato'));
ALTER TABLE products ADD COLUMN external_reference TEXT NOT NULL DEFAULT '' CHECK (length(external_reference) <= 255);
ALTER TABLE products ADD COLUMN require_non_expired INTEGER NOT NULL DEFAULT 0 CHECK (require_non_expired IN (0, 1));
ALTER TABLE products ADD COLUMN deleted_at INTEGER CHECK (deleted_at IS NULL OR status = 'inactive');

-- Addresses and devices that are refused everything an API key may ask for.
CREATE TABLE blocklist (
  id INTEGER PRIMARY KEY,
  -- 'network': a canonical network ("203.0.113.0/24"); 'identifier': a device, domain and so on.
  kind TEXT NOT NULL CHECK (kind IN ('network', 'identifier')),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 255),
  created_at INTEGER NOT NULL,
  UNIQUE (kind, value)
) STRICT;

-- Every change that a caller asked for besides issuing, and what came of it: told again when it is asked again.
CREATE TABLE operations (
  id INTEGER PRIMARY KEY,
  -- Who asked: 'api:<api key id>' or 'contract:<contract id>'.
  source TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- SHA-256 of the parameters in lower-case hex: a replay is told from a misuse of its idempotency key.
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
  -- Tells the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  -- {"kind": ..., and what else its answer needs}
  outcome TEXT NOT NULL CHECK (json_type(outcome, '$.kind') IS 'text'),
  created_at INTEGER NOT NULL,
  UNIQUE (source, endpoint, idempotency_key)
) STRICT;

-- How a product's license keys look, and on which terms they come where nobody says otherwise.
CREATE TABLE generators (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  method TEXT NOT NULL CHECK (method IN ('uuid', 'chunk-system')),
  prefix TEXT NOT NULL CHECK (length(prefix) <= 32),
  suffix TEXT NOT NULL CHECK (length(suffix) <= 32),
  -- Of 'chunk-system': number_of_chunks times chunk_length characters, each one of the charset, joined by '-'.
  charset TEXT NOT NULL CHECK (length(charset) BETWEEN 2 AND 64),
  number_of_chunks INTEGER NOT NULL CHECK (number_of_chunks >= 1),
  chunk_length INTEGER NOT NULL CHECK (chunk_length >= 1),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  -- 1: active. Of several active ones of a product the latest counts.
  status INTEGER NOT NULL CHECK (status IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (number_of_chunks * chunk_length <= 48)
) STRICT;

CREATE INDEX generators_by_product ON generators (product_id) WHERE status = 1;

-- A right to generate license keys of a product, up to a number, for whoever knows the contract key.
CREATE TABLE contracts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  contract_key TEXT NOT NULL UNIQUE CHECK (length(contract_key) BETWEEN 1 AND 255),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  information TEXT NOT NULL CHECK (length(information) BETWEEN 1 AND 10000),
  product_id INTEGER NOT NULL REFERENCES products (id),
  license_keys_quantity INTEGER NOT NULL CHECK (license_keys_quantity BETWEEN 1 AND 100000),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  can_get_info INTEGER NOT NULL CHECK (can_get_info IN (0, 1)),
  can_generate INTEGER NOT NULL CHECK (can_generate IN (0, 1)),
  can_destroy INTEGER NOT NULL CHECK (can_destroy IN (0, 1)),
  can_destroy_all INTEGER NOT NULL CHECK (can_destroy_all IN (0, 1)),
  -- Who created it, 'api:<api key id>': an identical order for it by the same one is the same contract.
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Where the keys of an issuance came from, and the terms that were asked for; NULL: the generator's or the key's own.
ALTER TABLE issuances ADD COLUMN origin TEXT NOT NULL DEFAULT 'fresh'
  CHECK (origin IN ('fresh', 'generator', 'stock'));
ALTER TABLE issuances ADD COLUMN requested_validity_days INTEGER;
ALTER TABLE issuances ADD COLUMN requested_activation_limit INTEGER;
-- The contract under which the keys were generated.
ALTER TABLE issuances ADD COLUMN contract_id INTEGER;

-- Partial, so that keys that were issued pay for neither.
CREATE INDEX license_keys_in_stock ON license_keys (product_id) WHERE status = 'available';
CREATE INDEX license_keys_by_contract ON license_keys (contract_id) WHERE contract_id IS NOT NULL;

-- License keys as they were issued, once they have been changed or deleted since: a replay of the issuance tells
-- what it told at first.
CREATE TABLE license_keys_as_issued (
  id INTEGER PRIMARY KEY,
  issuance_id INTEGER NOT NULL REFERENCES issuances (id),
  license_key_id INTEGER NOT NULL,
  license_key TEXT NOT NULL,
  activation_limit INTEGER NOT NULL,
  validity_days INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (issuance_id, license_key_id)
) STRICT;

CREATE TABLE activations (
  id INTEGER PRIMARY KEY,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  -- What it runs on: a device, a domain.
  identifier TEXT NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
  post_url TEXT CHECK (length(post_url) BETWEEN 1 AND 2048),
  created_at INTEGER NOT NULL,
  UNIQUE (license_key_id, identifier)
) STRICT;

CREATE TABLE license_key_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (license_key_id, key)
) STRICT;

CREATE TABLE product_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (product_id, key)
) STRICT;

-- Orders that the queue issues, in chunks, each of them an issuance of its own.
CREATE TABLE queued_orders (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  nonce TEXT NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
  owner_name TEXT NOT NULL CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT NOT NULL CHECK (length(owner_email) BETWEEN 1 AND 254),
  origin TEXT NOT NULL CHECK (origin IN ('fresh', 'generator', 'stock')),
  requested_validity_days INTEGER CHECK (requested_validity_days BETWEEN 0 AND 36500),
  requested_activation_limit INTEGER CHECK (requested_activation_limit BETWEEN 0 AND 1000000),
  -- The caller's own name for it, told in the callback.
  identifier TEXT CHECK (length(identifier) BETWEEN 1 AND 255),
  webhook_url TEXT NOT NULL CHECK (length(webhook_url) BETWEEN 1 AND 2048),
  -- 'releasing': it can not be issued whole, and what it was given is taken back.
  status TEXT NOT NULL CHECK (status IN ('issuing', 'releasing', 'issued', 'refused')),
  -- Chunks that are issued, or still to be released.
  chunks INTEGER NOT NULL DEFAULT 0,
  issued_quantity INTEGER NOT NULL DEFAULT 0,
  -- Of a refused order: why, and what the stock held.
  refusal TEXT CHECK (refusal IN ('product-not-found', 'generator-not-found', 'stock-insufficient')),
  available_quantity INTEGER,
  -- When it is next taken up, and how often it was: each time counts as another, whose predecessors write no more.
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (source, idempotency_key),
  CHECK ((refusal IS NULL) = (status IN ('issuing', 'issued')))
) STRICT;

CREATE INDEX queued_orders_due ON queued_orders (due_at) WHERE status IN ('issuing', 'releasing');

-- The terms that keys had in stock, where a chunk of a queued order took them on others: they get them back with it.
CREATE TABLE terms_in_stock (
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- [[license key id, activation limit, validity in days], ...]
  terms TEXT NOT NULL CHECK (json_type(terms) = 'array')
) STRICT;

-- A callback is the delivery of a queued order.
ALTER TABLE deliveries ADD COLUMN queued_order_id INTEGER REFERENCES queued_orders (id);
CREATE UNIQUE INDEX deliveries_by_queued_order ON deliveries (queued_order_id) WHERE queued_order_id IS NOT NULL;
