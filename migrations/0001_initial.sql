-- The tables of Keyseal. Instants are milliseconds UTC; they become text only in answers.
-- Drizzle knows the same tables in src/db/schema, with the columns in the same order.

-- Access: who may call, and who may not.

-- An API key of a shop or of the software. It is revoked by its status and never deleted, since
-- issuances name it by its id.
CREATE TABLE api_keys (
  -- AUTOINCREMENT, here and below: the id of a deleted row is never given to another one.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- SHA-256 in lower-case hex. A key holds 256 random bits, so no slow hash is needed.
  key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64 AND key_hash NOT GLOB '*[^0-9a-f]*'),
  -- The first characters, so that a person can tell two keys apart.
  key_start TEXT NOT NULL CHECK (length(key_start) <= 8),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  capabilities TEXT NOT NULL CHECK (json_type(capabilities) = 'array'),
  -- Canonical networks ("203.0.113.0/24"). NULL: any address. An empty list is refused, since it could mean
  -- either any address or none.
  allowed_ips TEXT CHECK (allowed_ips IS NULL OR json_array_length(allowed_ips) > 0),
  created_at INTEGER NOT NULL
) STRICT;

-- An address range or a device that is refused everything an API key may do. It stays until the operator
-- removes it.
CREATE TABLE blocklist (
  id INTEGER PRIMARY KEY,
  -- 'network': a canonical network ("203.0.113.0/24"). 'identifier': a device, a domain and so on.
  kind TEXT NOT NULL CHECK (kind IN ('network', 'identifier')),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 255),
  created_at INTEGER NOT NULL,
  UNIQUE (kind, value)
) STRICT;

-- Products, and how their license keys are made.

-- A product that license keys are issued for. A deleted product keeps its row, since issuances and license
-- keys refer to it.
CREATE TABLE products (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  description TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  source TEXT NOT NULL DEFAULT 'internal' CHECK (source IN ('internal', 'envato')),
  external_reference TEXT NOT NULL DEFAULT '' CHECK (length(external_reference) <= 255),
  require_non_expired INTEGER NOT NULL DEFAULT 0 CHECK (require_non_expired IN (0, 1)),
  -- Where the product's deliveries go. NULL: to DELIVERY_WEBHOOK_URL.
  delivery_webhook_url TEXT CHECK (length(delivery_webhook_url) BETWEEN 1 AND 2048),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER CHECK (deleted_at IS NULL OR status = 'inactive')
) STRICT;

-- One key and value that a caller stored with a product. It stays until a caller deletes it.
CREATE TABLE product_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (product_id, key)
) STRICT;

-- How a product's license keys look, and the terms they get if the order names none. Never deleted; a
-- disabled generator keeps its row.
CREATE TABLE generators (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  method TEXT NOT NULL CHECK (method IN ('uuid', 'chunk-system')),
  prefix TEXT NOT NULL CHECK (length(prefix) <= 32),
  suffix TEXT NOT NULL CHECK (length(suffix) <= 32),
  -- For 'chunk-system': number_of_chunks times chunk_length characters of the charset, the chunks joined by '-'.
  charset TEXT NOT NULL CHECK (length(charset) BETWEEN 2 AND 64),
  number_of_chunks INTEGER NOT NULL CHECK (number_of_chunks >= 1),
  chunk_length INTEGER NOT NULL CHECK (chunk_length >= 1),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  -- 1: active. If a product has several active generators, the latest is used.
  status INTEGER NOT NULL CHECK (status IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (number_of_chunks * chunk_length <= 48)
) STRICT;

CREATE INDEX generators_by_product ON generators (product_id) WHERE status = 1;

-- Contracts.

-- A right to generate license keys of a product, up to a number, for the holder of the contract key. It stays
-- until a caller deletes it; its license keys stay after that.
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
  -- Who created it, 'api:<api key id>': if the same caller orders an identical contract, it gets this one.
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Issuances and license keys.

-- One order that was issued: the audit trail, and what a replay is answered from. Never changed after the
-- transaction that wrote it, never deleted. It holds the whole order, so that a replay can be told from another order
-- under the same idempotency key.
CREATE TABLE issuances (
  id INTEGER PRIMARY KEY,
  -- Who asked: 'api:<api key id>', 'contract:<contract id>', 'queued:<queued order id>', a payment provider by its
  -- name, or a command ('cli', 'cli:reissue').
  source TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- Identifies the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- The contract under which the keys were generated. No foreign key, since a contract may be deleted.
  contract_id INTEGER,
  -- Where the keys came from.
  origin TEXT NOT NULL DEFAULT 'fresh' CHECK (origin IN ('fresh', 'generator', 'stock')),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 10000),
  owner_name TEXT NOT NULL CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT NOT NULL CHECK (length(owner_email) BETWEEN 1 AND 254),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  -- For 'generator' and 'stock': the terms that the order named. NULL: it named none, so the keys got those of the
  -- generator, or kept those they had in stock.
  requested_validity_days INTEGER,
  requested_activation_limit INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (source, idempotency_key)
) STRICT;

-- A license key as it is now, issued or in stock. It stays until a caller deletes it, or until a queued order
-- that was refused takes back the keys made for it.
CREATE TABLE license_keys (
  id INTEGER PRIMARY KEY,
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- The issuance that gave the key to its owner. NULL: it is in stock, or was assigned without one.
  issuance_id INTEGER REFERENCES issuances (id),
  -- The contract in whose quota the key counts. No foreign key, since a contract may be deleted.
  contract_id INTEGER,
  license_key TEXT NOT NULL UNIQUE CHECK (length(license_key) BETWEEN 1 AND 255),
  status TEXT NOT NULL CHECK (status IN ('available', 'assigned', 'reserved', 'blocked')),
  -- The status before a refund or dispute blocked the key. NULL: none has.
  status_before_reversal TEXT CHECK (status_before_reversal IN ('available', 'assigned', 'reserved', 'blocked')),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  owner_name TEXT CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT CHECK (length(owner_email) BETWEEN 1 AND 254),
  assigned_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (status <> 'assigned' OR assigned_at IS NOT NULL)
) STRICT;

-- Partial, so that a write pays for an index only if the key belongs in it.
CREATE INDEX license_keys_by_issuance ON license_keys (issuance_id) WHERE issuance_id IS NOT NULL;
CREATE INDEX license_keys_in_stock ON license_keys (product_id) WHERE status = 'available';
CREATE INDEX license_keys_by_contract ON license_keys (contract_id) WHERE contract_id IS NOT NULL;

-- A license key as it was issued, kept before its first change or deletion, so that a replay gives the first
-- answer again. Never deleted.
CREATE TABLE license_keys_as_issued (
  id INTEGER PRIMARY KEY,
  issuance_id INTEGER NOT NULL REFERENCES issuances (id),
  -- No foreign key, since the license key may be deleted.
  license_key_id INTEGER NOT NULL,
  license_key TEXT NOT NULL,
  activation_limit INTEGER NOT NULL,
  validity_days INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (issuance_id, license_key_id)
) STRICT;

-- The place of a reissued license key: it replaces another key in its order, and refunds, disputes and
-- renewals of that order count for both. Never deleted.
CREATE TABLE reissues (
  -- The issuance that made the new key. Not the key itself: if the key is deleted or returned to stock, its place
  -- stays.
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- The order: the issuance of the first key in a chain of reissues.
  order_issuance_id INTEGER NOT NULL REFERENCES issuances (id) CHECK (order_issuance_id <> issuance_id),
  -- The id of that first key. No foreign key, since the key may be deleted.
  place_id INTEGER NOT NULL
) STRICT;

CREATE INDEX reissues_by_order ON reissues (order_issuance_id);

-- Something that a license key is activated on. It stays until it is deactivated, or until its key is deleted
-- or returned to stock.
CREATE TABLE activations (
  id INTEGER PRIMARY KEY,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  -- A device, a domain and so on.
  identifier TEXT NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
  post_url TEXT CHECK (length(post_url) BETWEEN 1 AND 2048),
  created_at INTEGER NOT NULL,
  UNIQUE (license_key_id, identifier)
) STRICT;

-- One key and value that a caller stored with a license key. It stays until a caller deletes it, or until its
-- license key is deleted or returned to stock.
CREATE TABLE license_key_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (license_key_id, key)
) STRICT;

-- Payments. Everything a provider reports is kept as a fact of its own, so that the state of a license key
-- follows from the facts and not from the order in which they arrived. Facts are never deleted.

-- What a seller's offer at a provider stands for here. It stays until the operator removes it.
CREATE TABLE offers (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL CHECK (provider IN ('stripe', 'paddle', 'lemon-squeezy', 'polar', 'dodo', 'standard')),
  -- The provider's own id of a price, product, variant or payment link.
  external_id TEXT NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- At most 100, since that many fresh keys are made in advance for each unit sold.
  keys_per_unit INTEGER NOT NULL CHECK (keys_per_unit BETWEEN 1 AND 100),
  -- 'key-per-unit': quantity times keys_per_unit keys. 'seats': one key for quantity times activation_limit.
  mode TEXT NOT NULL CHECK (mode IN ('key-per-unit', 'seats')),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  UNIQUE (provider, external_id)
) STRICT;

-- One event whose signature proved that it came from a provider. The row stays; every night a cron job empties
-- the payloads that are older than 30 days.
CREATE TABLE webhook_events (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
  order_id TEXT,
  -- The mode of the secret that signed the event.
  mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
  received_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('issued', 'duplicate', 'revoked', 'reinstated', 'renewed', 'flagged',
    'ignored', 'unmapped', 'waiting', 'failed')),
  -- The reason for the outcome, written for a person and without personal data.
  note TEXT,
  -- As received. NULL: emptied.
  payload TEXT,
  -- For a waiting event: when it is tried next, and how often it was tried.
  due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  UNIQUE (provider, event_id)
) STRICT;

CREATE INDEX webhook_events_due ON webhook_events (due_at) WHERE outcome = 'waiting';
CREATE INDEX webhook_events_to_empty ON webhook_events (received_at) WHERE payload IS NOT NULL;

-- A name by which an order is known, its own included.
CREATE TABLE order_references (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 255),
  order_id TEXT NOT NULL CHECK (length(order_id) BETWEEN 1 AND 255),
  UNIQUE (provider, reference, order_id)
) STRICT;

-- Includes the reference, so that a look-up does not read the table.
CREATE INDEX order_references_by_order ON order_references (provider, order_id, reference);

-- A line of a paid order for which license keys were issued.
CREATE TABLE order_lines (
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  provider TEXT NOT NULL,
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  -- The quantity that was bought.
  units INTEGER NOT NULL CHECK (units >= 1),
  -- By how many billing periods the keys have been extended.
  renewed_periods INTEGER NOT NULL DEFAULT 0,
  UNIQUE (provider, order_id, line)
) STRICT;

-- A refund or dispute as last reported, perhaps of an order that is not known yet.
CREATE TABLE reversals (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  -- The provider's own id of the refund or dispute.
  reversal_id TEXT NOT NULL CHECK (length(reversal_id) BETWEEN 1 AND 255),
  -- Any name of the order.
  reference TEXT NOT NULL,
  -- [{"id": line, "quantity": units, or absent for all}, ...]. NULL: the whole order.
  lines TEXT CHECK (lines IS NULL OR json_type(lines) = 'array'),
  -- 0: the refund failed, or the dispute was decided in the seller's favor.
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  -- Together these tell which of two reports is the later one. phase 1: the end of a dispute or refund.
  occurred_at INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  -- Identifies the event that changed the row last.
  nonce TEXT NOT NULL,
  UNIQUE (provider, reversal_id)
) STRICT;

CREATE INDEX reversals_by_reference ON reversals (provider, reference);

-- A paid billing period of a subscription, as one order reported it. Several orders may report the same period.
CREATE TABLE renewals (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  subscription TEXT NOT NULL,
  period TEXT NOT NULL,
  -- The renewal's own order, which its refund names.
  order_id TEXT NOT NULL,
  -- 1: the period that the purchase itself paid for. It extends nothing.
  is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
  -- Identifies the event that wrote the row.
  nonce TEXT NOT NULL,
  UNIQUE (provider, subscription, period, order_id)
) STRICT;

CREATE INDEX renewals_by_order ON renewals (provider, order_id, subscription);

-- Queue and deliveries.

-- An order that the queue issues in chunks, each of them an issuance of its own. Never deleted: a repeated
-- request is answered from it.
CREATE TABLE queued_orders (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- Identifies the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 100000),
  owner_name TEXT NOT NULL CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT NOT NULL CHECK (length(owner_email) BETWEEN 1 AND 254),
  origin TEXT NOT NULL CHECK (origin IN ('fresh', 'generator', 'stock')),
  requested_validity_days INTEGER CHECK (requested_validity_days BETWEEN 0 AND 36500),
  requested_activation_limit INTEGER CHECK (requested_activation_limit BETWEEN 0 AND 1000000),
  -- The caller's own name for the order, sent in the callback.
  identifier TEXT CHECK (length(identifier) BETWEEN 1 AND 255),
  webhook_url TEXT NOT NULL CHECK (length(webhook_url) BETWEEN 1 AND 2048),
  -- 'releasing': the order cannot be issued in full, and its chunks are taken back.
  status TEXT NOT NULL CHECK (status IN ('issuing', 'releasing', 'issued', 'refused')),
  -- Chunks that are issued, or still have to be released.
  chunks INTEGER NOT NULL DEFAULT 0,
  issued_quantity INTEGER NOT NULL DEFAULT 0,
  -- For a refused order: the reason, and how many keys the stock held.
  refusal TEXT CHECK (refusal IN ('product-not-found', 'generator-not-found', 'stock-insufficient')),
  available_quantity INTEGER,
  -- When the order is taken up next, and how often it was. An attempt that was overtaken by a later one writes
  -- nothing more.
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (source, idempotency_key),
  CHECK ((refusal IS NULL) = (status IN ('issuing', 'issued')))
) STRICT;

CREATE INDEX queued_orders_due ON queued_orders (due_at) WHERE status IN ('issuing', 'releasing');

-- The terms that license keys had in stock before a chunk of a queued order took them on other terms. The row
-- is deleted once the order is issued, or once the chunk is released and the keys have these terms again.
CREATE TABLE terms_in_stock (
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- [[license key id, activation limit, validity in days], ...]
  terms TEXT NOT NULL CHECK (json_type(terms) = 'array')
) STRICT;

-- A message to be sent: an issuance by webhook or e-mail, or a queued order by callback. Never deleted.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  issuance_id INTEGER REFERENCES issuances (id) CHECK ((issuance_id IS NULL) = (channel = 'callback')),
  queued_order_id INTEGER REFERENCES queued_orders (id),
  channel TEXT NOT NULL CHECK (channel IN ('webhook', 'email', 'callback')),
  -- 'cancelled': the order was refunded or disputed before its keys were sent.
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Not sent before then. A consumer that takes the delivery moves this ahead, so that no other one sends it too.
  due_at INTEGER NOT NULL,
  -- The result of the last attempt: 'HTTP 500', 'no answer'.
  last_result TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (issuance_id, channel)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE UNIQUE INDEX deliveries_by_queued_order ON deliveries (queued_order_id) WHERE queued_order_id IS NOT NULL;

-- Operations.

-- A change that a caller made besides issuing, with its outcome: a repeated request gets the same answer. Every
-- night a cron job deletes the rows that are older than 30 days.
CREATE TABLE operations (
  id INTEGER PRIMARY KEY,
  -- Who asked: 'api:<api key id>' or 'contract:<contract id>'.
  source TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- SHA-256 of the parameters in lower-case hex: tells a replay from another request under the same idempotency key.
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
  -- Identifies the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  -- {"kind": ..., and what else the answer needs}
  outcome TEXT NOT NULL CHECK (json_type(outcome, '$.kind') IS 'text'),
  created_at INTEGER NOT NULL,
  UNIQUE (source, endpoint, idempotency_key)
) STRICT;
