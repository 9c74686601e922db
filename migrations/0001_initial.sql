-- The tables of Keyseal. All times are milliseconds UTC.
-- src/db/schema declares the same tables for Drizzle, with the columns in the same order.

-- Access.

-- An API key of a shop or of the software. It is revoked by its status and never deleted, since issuances
-- refer to its id.
CREATE TABLE api_keys (
  -- AUTOINCREMENT, here and below: the id of a deleted row is never reused.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- SHA-256 in lowercase hex. A key has 256 random bits, so no slow hash is needed.
  key_hash TEXT NOT NULL UNIQUE CHECK (length(key_hash) = 64 AND key_hash NOT GLOB '*[^0-9a-f]*'),
  -- The first characters of the key, so that the operator can recognize it.
  key_start TEXT NOT NULL CHECK (length(key_start) <= 8),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  capabilities TEXT NOT NULL CHECK (json_type(capabilities) = 'array'),
  -- A JSON array of canonical networks ("203.0.113.0/24"). NULL: any address. An empty array is rejected as
  -- ambiguous.
  allowed_ips TEXT CHECK (allowed_ips IS NULL OR json_array_length(allowed_ips) > 0),
  -- A JSON array of ids. The key may only act on these products. NULL: on all.
  product_ids TEXT CHECK (product_ids IS NULL OR json_array_length(product_ids) > 0),
  -- NULL: never.
  expires_at INTEGER,
  -- To within an hour. NULL: never.
  last_used_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A person or script that uses the admin API. Revoked by its status and never deleted, since audit entries refer to its id.
CREATE TABLE operators (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Where sign-in links go. NULL: the operator uses its token only.
  email TEXT CHECK (length(email) BETWEEN 1 AND 254),
  -- 'root': the holder of the secret ADMIN_TOKEN, who manages operators and nothing else.
  role TEXT NOT NULL CHECK (role IN ('viewer', 'support', 'owner', 'root')),
  -- SHA-256 in lowercase hex of a token with 256 random bits. For root, the text 'root'.
  token_hash TEXT NOT NULL UNIQUE CHECK (length(token_hash) = 64 OR (role = 'root' AND token_hash = 'root')),
  -- The first characters of the token, so that people can recognize it.
  token_start TEXT NOT NULL CHECK (length(token_start) <= 16),
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked')),
  -- NULL: never.
  expires_at INTEGER,
  -- To within an hour. NULL: never used.
  last_used_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

INSERT INTO operators (id, name, role, token_hash, token_start, status, created_at, updated_at)
VALUES (1, 'ADMIN_TOKEN', 'root', 'root', '', 'active', 0, 0);

-- A network, device or domain whose requests are refused. The row stays until the operator removes it.
CREATE TABLE blocklist (
  id INTEGER PRIMARY KEY,
  -- 'network': a canonical network ("203.0.113.0/24"). 'identifier': a device or domain.
  kind TEXT NOT NULL CHECK (kind IN ('network', 'identifier')),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 255),
  created_at INTEGER NOT NULL,
  UNIQUE (kind, value)
) STRICT;

-- A request that the page /offline refused. An address has at most ten rows in an hour. An hourly cron job deletes rows older
-- than an hour.
CREATE TABLE offline_refusals (
  id INTEGER PRIMARY KEY,
  -- SHA-256 of the IPv4 address or the IPv6 /64 network in lowercase hex.
  address_hash TEXT NOT NULL CHECK (length(address_hash) = 64),
  -- Identifies the request, so that it counts once even if its batch is repeated.
  request TEXT NOT NULL,
  refused_at INTEGER NOT NULL,
  UNIQUE (address_hash, request)
) STRICT;

-- Products and generators.

-- A product with license keys. A deleted product keeps its row, since issuances and license keys refer to it.
CREATE TABLE products (
  id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  description TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  source TEXT NOT NULL DEFAULT 'internal' CHECK (source IN ('internal', 'envato')),
  external_reference TEXT NOT NULL DEFAULT '' CHECK (length(external_reference) <= 255),
  require_non_expired INTEGER NOT NULL DEFAULT 0 CHECK (require_non_expired IN (0, 1)),
  -- The URL for the product's deliveries. NULL: DELIVERY_WEBHOOK_URL.
  delivery_webhook_url TEXT CHECK (length(delivery_webhook_url) BETWEEN 1 AND 2048),
  -- A JSON array of names: what its license keys unlock, unless their offer or the key has a list. NULL: no list.
  features TEXT CHECK (features IS NULL OR json_type(features) = 'array'),
  -- 1: its devices are domains. The same domain is one device, however it is written.
  domain_devices INTEGER NOT NULL DEFAULT 0 CHECK (domain_devices IN (0, 1)),
  -- How long a trial lasts. NULL: it has none.
  trial_days INTEGER CHECK (trial_days BETWEEN 1 AND 365),
  -- 1: its license keys may check out files that are valid on any machine.
  any_machine_files INTEGER NOT NULL DEFAULT 0 CHECK (any_machine_files IN (0, 1)),
  -- 1: its license files can be fetched on the page /offline.
  offline_page INTEGER NOT NULL DEFAULT 0 CHECK (offline_page IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER CHECK (deleted_at IS NULL OR status = 'inactive')
) STRICT;

-- Finds whether there is one, which anyone may ask.
CREATE INDEX products_with_offline_page ON products (id) WHERE offline_page = 1;

-- A metadata entry of a product. It stays until a caller deletes it.
CREATE TABLE product_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (product_id, key)
) STRICT;

-- The format of a product's license keys, and the terms they get if the order specifies none. Never deleted:
-- a disabled generator keeps its row.
CREATE TABLE generators (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id INTEGER NOT NULL REFERENCES products (id),
  method TEXT NOT NULL CHECK (method IN ('uuid', 'chunk-system')),
  prefix TEXT NOT NULL CHECK (length(prefix) <= 32),
  suffix TEXT NOT NULL CHECK (length(suffix) <= 32),
  -- For 'chunk-system': number_of_chunks chunks of chunk_length characters from charset, joined by '-'.
  charset TEXT NOT NULL CHECK (length(charset) BETWEEN 2 AND 64),
  number_of_chunks INTEGER NOT NULL CHECK (number_of_chunks >= 1),
  chunk_length INTEGER NOT NULL CHECK (chunk_length >= 1),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  -- 1: active. If a product has several active generators, the newest is used.
  status INTEGER NOT NULL CHECK (status IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (number_of_chunks * chunk_length <= 48)
) STRICT;

CREATE INDEX generators_by_product ON generators (product_id) WHERE status = 1;

-- Contracts.

-- Allows the holder of the contract key to generate a limited number of license keys of a product. It stays
-- until a caller deletes it. Its license keys remain.
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
  -- The caller that created it, 'api:<api key id>'. If that caller creates an identical contract, it gets
  -- this one.
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Issuances and license keys.

-- One erasure of the data of a person. The row stays; once the erasure is finished, it contains nothing of the person.
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY,
  -- The e-mail address that is being erased. NULL: finished.
  email TEXT COLLATE NOCASE CHECK (length(email) BETWEEN 1 AND 254),
  -- A JSON array of the names that were found with the address. NULL: finished.
  names TEXT CHECK (json_type(names) = 'array'),
  -- How far it got: the highest ids that were searched.
  issuances_done INTEGER NOT NULL DEFAULT 0,
  events_done INTEGER NOT NULL DEFAULT 0,
  operations_done INTEGER NOT NULL DEFAULT 0,
  audit_done INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  CHECK ((email IS NULL) = (finished_at IS NOT NULL) AND (names IS NULL) = (email IS NULL))
) STRICT;

CREATE UNIQUE INDEX erasures_by_email ON erasures (email) WHERE email IS NOT NULL;

-- One issued order: the audit trail, and the source for replays. Never changed after its transaction, except
-- when its owner is erased, and never deleted. It contains the whole order, to distinguish a replay from a different
-- order under the same idempotency key.
CREATE TABLE issuances (
  id INTEGER PRIMARY KEY,
  -- Who ordered: 'api:<api key id>', 'contract:<contract id>', 'queued:<queued order id>', the name of a
  -- payment provider, 'operator:<operator id>', 'reissue', a command ('cli'),
  -- 'trial', or 'import'.
  source TEXT NOT NULL,
  -- Of a trial: '<product id>/<SHA-256 of its device in lowercase hex>'. Of a reissue: '<license key id>/<its issuance id>'
  -- of the old key. Of an import: '<import id>/<chunk>/<row>'.
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
  -- The shop's own id of its order, if the order had one. Several issuances may belong to one order.
  reference TEXT CHECK (length(reference) BETWEEN 1 AND 255),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  -- For 'generator' and 'stock': the terms in the order. NULL: none, so the keys got the terms of the
  -- generator, or kept those they had in stock.
  requested_validity_days INTEGER,
  requested_activation_limit INTEGER,
  created_at INTEGER NOT NULL,
  -- The erasure that anonymized the owner. Replays of the order are then compared without its owner.
  erasure_id INTEGER REFERENCES erasures (id),
  UNIQUE (source, idempotency_key)
) STRICT;

CREATE INDEX issuances_by_erasure ON issuances (erasure_id) WHERE erasure_id IS NOT NULL;
CREATE INDEX issuances_by_reference ON issuances (reference) WHERE reference IS NOT NULL;
-- They find the license keys of an owner, so that issued keys need no index of their own. A search ignores the case
-- of ASCII letters.
CREATE INDEX issuances_by_owner_email ON issuances (owner_email COLLATE NOCASE);
CREATE INDEX issuances_by_owner_name ON issuances (owner_name COLLATE NOCASE);

-- The latest attempt of an order that was sent with an identifier and without an idempotency key. Deleted after
-- a day.
CREATE TABLE order_attempts (
  -- SHA-256 of the caller and the parameters in lowercase hex.
  fingerprint TEXT PRIMARY KEY CHECK (length(fingerprint) = 64),
  -- The idempotency key of the order's issuance or queued order.
  idempotency_key TEXT NOT NULL,
  -- When the request arrived, by the clock of the Worker.
  arrived_at INTEGER NOT NULL,
  -- When it was committed, by the clock of the database.
  committed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The current state of a license key, issued or in stock. It stays until a caller deletes it, or until the
-- refused queued order that created it is released.
CREATE TABLE license_keys (
  id INTEGER PRIMARY KEY,
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- The issuance that assigned the key to its owner. NULL: it is in stock, or was assigned without one.
  issuance_id INTEGER REFERENCES issuances (id),
  -- The contract whose quota includes the key. No foreign key, since a contract may be deleted.
  contract_id INTEGER,
  license_key TEXT NOT NULL UNIQUE CHECK (length(license_key) BETWEEN 1 AND 255),
  status TEXT NOT NULL CHECK (status IN ('available', 'assigned', 'reserved', 'blocked')),
  -- The status before a refund or dispute blocked the key. NULL: not blocked by one.
  status_before_reversal TEXT CHECK (status_before_reversal IN ('available', 'assigned', 'reserved', 'blocked')),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  -- Counts from assigned_at. 0: never expires.
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  owner_name TEXT CHECK (length(owner_name) BETWEEN 1 AND 255),
  owner_email TEXT CHECK (length(owner_email) BETWEEN 1 AND 254),
  assigned_at INTEGER,
  -- A JSON array of names that takes precedence over those of the offer and the product. NULL: no list of its own.
  features TEXT CHECK (features IS NULL OR json_type(features) = 'array'),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- When the key of a subscription expires. If set, it decides instead of validity_days, which keeps the days
  -- of the first answer.
  expires_at INTEGER,
  -- The days that a caller added to the expiry of a subscription's key. 0: the caller made it permanent.
  correction_days INTEGER,
  -- 1: a caller changed the owner, who may therefore not be the one of the issuance.
  has_new_owner INTEGER CHECK (has_new_owner = 1),
  CHECK (status <> 'assigned' OR assigned_at IS NOT NULL)
) STRICT;

-- Partial indexes, so that a write updates an index only if the key belongs in it.
CREATE INDEX license_keys_by_issuance ON license_keys (issuance_id) WHERE issuance_id IS NOT NULL;
CREATE INDEX license_keys_in_stock ON license_keys (product_id) WHERE status = 'available';
CREATE INDEX license_keys_by_contract ON license_keys (contract_id) WHERE contract_id IS NOT NULL;
-- The keys whose owner is not found by their issuance.
CREATE INDEX license_keys_by_owner_email ON license_keys (owner_email COLLATE NOCASE)
  WHERE (issuance_id IS NULL OR has_new_owner = 1) AND owner_email IS NOT NULL;
CREATE INDEX license_keys_by_owner_name ON license_keys (owner_name COLLATE NOCASE)
  WHERE (issuance_id IS NULL OR has_new_owner = 1) AND owner_name IS NOT NULL;

-- A license key as it was issued, copied before its first change or deletion, so that a replay returns the
-- original response. Never deleted.
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

-- Links a reissued license key to the key that it replaces in its order. Refunds, disputes and renewals of
-- that order affect both keys. Never deleted.
CREATE TABLE reissues (
  -- The issuance of the new key. It outlives the key, which may be deleted or returned to stock.
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- The original order: the issuance of the first key in a chain of reissues.
  order_issuance_id INTEGER NOT NULL REFERENCES issuances (id) CHECK (order_issuance_id <> issuance_id),
  -- The id of that first key. No foreign key, since the license key may be deleted.
  place_id INTEGER NOT NULL
) STRICT;

CREATE INDEX reissues_by_order ON reissues (order_issuance_id);

-- An activation of a license key on a device or domain. It stays until it is deactivated, or until its key is
-- deleted or returned to stock.
CREATE TABLE activations (
  id INTEGER PRIMARY KEY,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  -- The device or domain. For a product whose devices are domains, the domain in its shortest form.
  identifier TEXT NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
  created_at INTEGER NOT NULL,
  -- 0: a development domain, which does not count towards the activation limit.
  takes_seat INTEGER NOT NULL DEFAULT 1 CHECK (takes_seat IN (0, 1)),
  -- The end of its latest license file. NULL: it never had one.
  file_ends_at INTEGER,
  -- When the device last activated or checked out a file, to within a day. NULL: not known.
  last_seen_at INTEGER,
  UNIQUE (license_key_id, identifier)
) STRICT;

-- A device that was freed while its license file was still valid. A nightly cron job deletes rows that are older
-- than 30 days and hold no seat.
CREATE TABLE released_devices (
  id INTEGER PRIMARY KEY,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  identifier TEXT NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
  released_at INTEGER NOT NULL,
  -- The end of the file. The seat stays taken until then. NULL: it was free immediately.
  seat_taken_until INTEGER
) STRICT;

CREATE INDEX released_devices_by_license_key ON released_devices (license_key_id);

-- A metadata entry of a license key. It stays until a caller deletes it, or until its license key is deleted
-- or returned to stock.
CREATE TABLE license_key_metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  license_key_id INTEGER NOT NULL REFERENCES license_keys (id) ON DELETE CASCADE,
  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
  UNIQUE (license_key_id, key)
) STRICT;

-- Payments. Each report of a provider is stored as a separate fact. The state of a license key depends on the
-- facts and not on their order of arrival. Facts are never deleted.

-- Maps a seller's offer at a provider to a product. Never changed and never deleted, since orders refer to it:
-- new terms are a new row, and the operator removes the old one.
CREATE TABLE offers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  provider TEXT NOT NULL CHECK (provider IN ('creem', 'dodo', 'fastspring', 'lemon-squeezy', 'paddle', 'polar',
    'shopify', 'stripe', 'woocommerce', 'standard')),
  -- The provider's id of a price, product, variant or payment link.
  external_id TEXT NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- At most 100, since this many fresh keys are prepared for each unit sold.
  keys_per_unit INTEGER NOT NULL CHECK (keys_per_unit BETWEEN 1 AND 100),
  -- 'key-per-unit': quantity times keys_per_unit keys. 'seats': one key with quantity times activation_limit.
  mode TEXT NOT NULL CHECK (mode IN ('key-per-unit', 'seats')),
  -- 0: the keys never expire. In a subscription, it counts for each period whose end the provider does not tell.
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  -- 1: the keys of a subscription expire when what was paid for ends. 0: they keep validity_days.
  follows_subscription INTEGER NOT NULL DEFAULT 1 CHECK (follows_subscription IN (0, 1)),
  -- How long the keys of a subscription stay valid after the end of what was paid for.
  grace_days INTEGER NOT NULL DEFAULT 3 CHECK (grace_days BETWEEN 0 AND 365),
  -- A JSON array of names. NULL: those of the product.
  features TEXT CHECK (features IS NULL OR json_type(features) = 'array'),
  -- NULL: the offer sells.
  removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX offers_by_external_id ON offers (provider, external_id) WHERE removed_at IS NULL;

-- A webhook event with a valid signature of a provider. The row stays. A nightly cron job empties payloads
-- older than 30 days.
CREATE TABLE webhook_events (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
  order_id TEXT,
  -- The mode of the secret that verified the event.
  mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
  received_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('issued', 'duplicate', 'revoked', 'reinstated', 'renewed', 'changed',
    'flagged', 'ignored', 'unmapped', 'waiting', 'failed')),
  -- The reason for the outcome, for the operator. It contains no personal data.
  note TEXT,
  -- The body as received. NULL: emptied.
  payload TEXT,
  -- For a waiting event: the time of the next attempt, and the number of attempts so far.
  due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- When the outcome was last recorded.
  updated_at INTEGER NOT NULL DEFAULT 0,
  -- The erasure that emptied the payload. If the provider sends the event again, it stays empty and sells nothing.
  erasure_id INTEGER REFERENCES erasures (id),
  UNIQUE (provider, event_id)
) STRICT;

CREATE INDEX webhook_events_due ON webhook_events (due_at) WHERE outcome = 'waiting';
CREATE INDEX webhook_events_to_empty ON webhook_events (received_at) WHERE payload IS NOT NULL;
CREATE INDEX webhook_events_failed ON webhook_events (updated_at) WHERE outcome = 'failed';
-- The events of an order. The only index beside the keys that each event of an order pays for.
CREATE INDEX webhook_events_by_order ON webhook_events (order_id) WHERE order_id IS NOT NULL;
-- Those that may lack an offer.
CREATE INDEX webhook_events_unmapped ON webhook_events (updated_at)
  WHERE outcome = 'unmapped' OR outcome IN ('issued', 'flagged') AND note IS NOT NULL;

-- An id that the provider uses for an order, including the order id itself.
CREATE TABLE order_references (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 255),
  order_id TEXT NOT NULL CHECK (length(order_id) BETWEEN 1 AND 255),
  -- What was paid under this reference, in the smallest unit of its currency. NULL: not known.
  amount INTEGER CHECK (amount >= 0),
  UNIQUE (provider, reference, order_id)
) STRICT;

-- Includes the reference, so that lookups do not read the table.
CREATE INDEX order_references_by_order ON order_references (provider, order_id, reference);

-- A line of a paid order, with its issued license keys.
CREATE TABLE order_lines (
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  provider TEXT NOT NULL,
  order_id TEXT NOT NULL,
  line TEXT NOT NULL,
  -- The purchased quantity.
  units INTEGER NOT NULL CHECK (units >= 1),
  -- The offer that was sold. NULL: the keys were ordered by API.
  offer_id INTEGER REFERENCES offers (id),
  -- The subscription that the line follows. NULL: all subscriptions of the order.
  subscription TEXT CHECK (length(subscription) BETWEEN 1 AND 255),
  -- 1: bought once, although the order belongs to a subscription.
  is_one_time INTEGER NOT NULL DEFAULT 0 CHECK (is_one_time IN (0, 1)),
  -- Derived from the facts below whenever they change. The expiry without a caller's corrections; NULL: the
  -- line follows no subscription.
  expires_at INTEGER,
  -- Derived: the offer and the quantity after a change of plan. NULL: as sold.
  current_offer_id INTEGER REFERENCES offers (id),
  current_units INTEGER,
  -- The event that last changed the derived columns, and whether it changed the plan.
  settled_by TEXT,
  is_plan_new INTEGER NOT NULL DEFAULT 0 CHECK (is_plan_new IN (0, 1)),
  UNIQUE (provider, order_id, line)
) STRICT;

-- The last reported state of a refund or dispute. Its order may not have been reported yet.
CREATE TABLE reversals (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  -- The provider's id of the refund or dispute.
  reversal_id TEXT NOT NULL CHECK (length(reversal_id) BETWEEN 1 AND 255),
  -- Any reference of the order.
  reference TEXT NOT NULL,
  -- [{"id": line, "quantity": units}, ...]. Without quantity: all units. NULL: the whole order.
  lines TEXT CHECK (lines IS NULL OR json_type(lines) = 'array'),
  -- A part of the order without its lines. It counts once all parts add up to what was paid. NULL: all of it.
  amount INTEGER CHECK (amount >= 0),
  -- 0: the refund failed, or the seller won the dispute.
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  -- Together they order the reports. phase 1: the end of a dispute or refund.
  occurred_at INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  -- Identifies the event that last changed the row.
  nonce TEXT NOT NULL,
  -- 0: the statistics have not counted its state, or that of its orders, since an event changed it.
  is_counted INTEGER NOT NULL DEFAULT 0 CHECK (is_counted IN (0, 1)),
  -- What the statistics counted: [[day, product id], ...]. NULL: nothing.
  counted TEXT CHECK (counted IS NULL OR json_type(counted) = 'array'),
  UNIQUE (provider, reversal_id)
) STRICT;

CREATE INDEX reversals_by_reference ON reversals (provider, reference);
CREATE INDEX reversals_to_count ON reversals (id) WHERE is_counted = 0;

-- A paid period of a subscription. A trial is a period. Several payments may report the same period.
CREATE TABLE paid_periods (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  subscription TEXT NOT NULL CHECK (length(subscription) BETWEEN 1 AND 255),
  -- The payment's name, which its refund refers to.
  payment TEXT NOT NULL CHECK (length(payment) BETWEEN 1 AND 255),
  -- The period's name. Payments with the same name paid for the same period.
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  paid_at INTEGER NOT NULL,
  -- NULL: not reported.
  ends_at INTEGER,
  -- Identifies the event that last changed the row.
  nonce TEXT NOT NULL,
  UNIQUE (provider, subscription, payment)
) STRICT;

CREATE INDEX paid_periods_by_payment ON paid_periods (provider, payment, subscription);

-- What a provider reported about a subscription, apart from its payments.
CREATE TABLE subscription_reports (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  subscription TEXT NOT NULL CHECK (length(subscription) BETWEEN 1 AND 255),
  occurred_at INTEGER NOT NULL,
  -- {"paidUntil": instant, "endedAt": instant, "items": [{"externalIds": [...], "quantity": units}, ...]}, each
  -- member optional.
  report TEXT NOT NULL CHECK (json_type(report) = 'object'),
  -- The offers of the items: [[offer id, units, external id], ...]. The offer is null if there is none, and the
  -- units are null if they stay. NULL: the report has no items.
  plan TEXT CHECK (plan IS NULL OR json_type(plan) = 'array'),
  -- Identifies the event that last changed the row.
  nonce TEXT NOT NULL,
  UNIQUE (provider, subscription, occurred_at, report)
) STRICT;

-- Queue and deliveries.

-- An order that the queue issues in chunks. Each chunk is a separate issuance. Never deleted, since replays
-- are answered from it.
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
  -- The caller's id for the order, sent in the callback.
  identifier TEXT CHECK (length(identifier) BETWEEN 1 AND 255),
  webhook_url TEXT NOT NULL CHECK (length(webhook_url) BETWEEN 1 AND 2048),
  -- 'releasing': the order cannot be issued in full, and its chunks are being released.
  status TEXT NOT NULL CHECK (status IN ('issuing', 'releasing', 'issued', 'refused')),
  -- The number of chunks that are issued and not released.
  chunks INTEGER NOT NULL DEFAULT 0,
  issued_quantity INTEGER NOT NULL DEFAULT 0,
  -- For a refused order: the reason, and the number of keys in stock.
  refusal TEXT CHECK (refusal IN ('product-not-found', 'generator-not-found', 'stock-insufficient')),
  available_quantity INTEGER,
  -- The time of the next attempt, and the number of attempts so far. An attempt stops writing once a later
  -- one starts.
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- As in issuances.
  erasure_id INTEGER REFERENCES erasures (id),
  UNIQUE (source, idempotency_key),
  CHECK ((refusal IS NULL) = (status IN ('issuing', 'issued')))
) STRICT;

CREATE INDEX queued_orders_by_owner_email ON queued_orders (owner_email COLLATE NOCASE);
CREATE INDEX queued_orders_due ON queued_orders (due_at) WHERE status IN ('issuing', 'releasing');

-- The original terms of stock keys that a chunk of a queued order assigned with other terms. The row is
-- deleted when the order is issued, or when the chunk is released and the terms are restored.
CREATE TABLE terms_in_stock (
  issuance_id INTEGER PRIMARY KEY REFERENCES issuances (id),
  -- [[license key id, activation limit, validity in days], ...]
  terms TEXT NOT NULL CHECK (json_type(terms) = 'array')
) STRICT;

-- A delivery of an issuance by webhook or e-mail, of a license key by e-mail, or of a queued order by callback. Sending keys
-- again is another delivery. Never deleted, except with its license key.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  issuance_id INTEGER REFERENCES issuances (id),
  -- The only key that is sent, since its owner is not the one of an issuance. NULL: the keys of the issuance.
  license_key_id INTEGER REFERENCES license_keys (id) ON DELETE CASCADE,
  queued_order_id INTEGER REFERENCES queued_orders (id),
  channel TEXT NOT NULL CHECK (channel IN ('webhook', 'email', 'callback')),
  -- 1 for the first. Each time the keys are sent again, the number is one higher.
  serial INTEGER NOT NULL DEFAULT 1 CHECK (serial >= 1),
  -- The e-mail address. NULL: that of the owner when it is sent.
  recipient TEXT CHECK (length(recipient) BETWEEN 1 AND 254),
  -- 'delivered': the receiver or the e-mail service has accepted it. 'cancelled': the order was refunded or disputed before the
  -- delivery was sent.
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- The attempts that the receiver did not answer in time. It may have stored what it got.
  timeouts INTEGER NOT NULL DEFAULT 0,
  -- Not sent before this time. A consumer that claims the delivery postpones it, so that no other consumer
  -- sends it.
  due_at INTEGER NOT NULL,
  -- The result of the last attempt: 'HTTP 500', 'no answer' and so on.
  last_result TEXT,
  -- The e-mail service's id of the e-mail, which its reports name.
  message_id TEXT,
  -- When the recipient's mail server accepted the e-mail. NULL: not reported.
  arrived_at INTEGER,
  -- Why the recipient did not get or want the e-mail. NULL: nothing was reported. 'bounced': the recipient's mail server
  -- refused it. 'rejected': the service does not send to this address. 'failed': the service could not send it. 'complained':
  -- the recipient reported it as spam.
  bounce TEXT CHECK (bounce IN ('bounced', 'rejected', 'failed', 'complained')),
  bounced_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (issuance_id, channel, serial),
  CHECK ((channel = 'callback') = (issuance_id IS NULL AND license_key_id IS NULL)),
  CHECK ((bounce IS NULL) = (bounced_at IS NULL))
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE INDEX deliveries_failed ON deliveries (updated_at) WHERE status = 'failed';
CREATE INDEX deliveries_bounced ON deliveries (bounced_at) WHERE bounced_at IS NOT NULL;
-- Finds what was sent to another address than the owner's.
CREATE INDEX deliveries_by_recipient ON deliveries (recipient COLLATE NOCASE) WHERE recipient IS NOT NULL;
CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX deliveries_by_queued_order ON deliveries (queued_order_id) WHERE queued_order_id IS NOT NULL;
CREATE UNIQUE INDEX deliveries_by_license_key ON deliveries (license_key_id, serial) WHERE license_key_id IS NOT NULL;

-- Imports.

-- A chunk of an import of license keys from elsewhere. It stays, so that no chunk is ever written twice, even if another
-- operator repeats it: one row for up to 1,000 license keys.
CREATE TABLE import_chunks (
  id INTEGER PRIMARY KEY,
  -- The operator's name for the import.
  import_id TEXT NOT NULL CHECK (length(import_id) BETWEEN 1 AND 64),
  chunk INTEGER NOT NULL CHECK (chunk >= 0),
  format TEXT NOT NULL,
  -- SHA-256 of the request in lowercase hex. It distinguishes a repetition from another chunk with the same number.
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
  -- The rows that the database did not write, for the answer to a repetition: [[row, what differs], ...]
  results TEXT NOT NULL CHECK (json_type(results) = 'array'),
  -- The rows that were sent, and what became of them.
  row_count INTEGER NOT NULL CHECK (row_count = created + duplicate + skipped + refused),
  created INTEGER NOT NULL CHECK (created >= 0),
  duplicate INTEGER NOT NULL CHECK (duplicate >= 0),
  skipped INTEGER NOT NULL CHECK (skipped >= 0),
  refused INTEGER NOT NULL CHECK (refused >= 0),
  created_at INTEGER NOT NULL,
  UNIQUE (import_id, chunk)
) STRICT;

-- Operations.

-- A change that a caller made, other than issuing and other than those in use_operations, with its outcome. A replay gets the same outcome. A
-- nightly cron job deletes rows older than 30 days that the statistics have counted.
CREATE TABLE operations (
  id INTEGER PRIMARY KEY,
  -- The caller: 'api:<api key id>' or 'contract:<contract id>'.
  source TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  -- SHA-256 of the parameters in lowercase hex. It distinguishes a replay from a different request under the
  -- same idempotency key.
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
  -- Identifies the request that won a race for the idempotency key.
  nonce TEXT NOT NULL,
  -- {"kind": ..., and the data for the response}
  outcome TEXT NOT NULL CHECK (json_type(outcome, '$.kind') IS 'text'),
  created_at INTEGER NOT NULL,
  UNIQUE (source, endpoint, idempotency_key)
) STRICT;

-- The same for requests with the API key that every copy of the seller's software contains, which anyone can
-- extract, and for the page /offline. An hourly cron job deletes rows older than 24 hours that the statistics have counted.
CREATE TABLE use_operations (
  id INTEGER PRIMARY KEY,
  -- 'api:<api key id>' or 'offline:<license key id>'.
  source TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  -- SHA-256 of the license key and the idempotency key in lowercase hex. Copies of the software share a source,
  -- so the license key separates their idempotency keys.
  idempotency_key TEXT NOT NULL CHECK (length(idempotency_key) = 64),
  fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64),
  nonce TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (json_type(outcome, '$.kind') IS 'text'),
  created_at INTEGER NOT NULL,
  UNIQUE (source, endpoint, idempotency_key)
) STRICT;

-- A change, written in the batch that made it.
CREATE TABLE audit_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  -- Who: 'operator:<id>', 'api:<api key id>' or 'contract:<contract id>'.
  actor TEXT NOT NULL,
  -- The name of the operation: 'licenses.block', 'update-license-key'.
  action TEXT NOT NULL,
  -- What was changed: 'license:<id>', 'product:<id>' and so on.
  subject TEXT,
  -- Why, in the words of the actor.
  reason TEXT CHECK (length(reason) BETWEEN 1 AND 1000),
  -- The state of the subject, a JSON object without keys and secrets. NULL: it did not exist, or its state is not kept.
  before TEXT CHECK (before IS NULL OR json_valid(before)),
  after TEXT CHECK (after IS NULL OR json_valid(after)),
  -- Identifies the attempt that made the change.
  nonce TEXT NOT NULL
) STRICT;

CREATE INDEX audit_entries_by_subject ON audit_entries (subject, id);
CREATE INDEX audit_entries_by_time ON audit_entries (at);

-- Monitoring.

-- The last run of each cron trigger in which all jobs succeeded. One row for each trigger.
CREATE TABLE cron_runs (
  -- The cron expression.
  cron TEXT NOT NULL UNIQUE,
  ran_at INTEGER NOT NULL,
  -- The size of the database then. NULL: not measured by this trigger.
  database_bytes INTEGER
) STRICT;

-- Statistics.

-- What happened to a product on a day. Never deleted: a product has at most one row a day.
CREATE TABLE statistics (
  -- The first millisecond of the day, UTC.
  day INTEGER NOT NULL CHECK (day % 86400000 = 0),
  product_id INTEGER NOT NULL REFERENCES products (id),
  issued_keys INTEGER NOT NULL DEFAULT 0,
  orders INTEGER NOT NULL DEFAULT 0,
  -- The refunds and disputes that are active now. A dispute that the seller wins is subtracted again.
  refunds INTEGER NOT NULL DEFAULT 0,
  activations INTEGER NOT NULL DEFAULT 0,
  failed_deliveries INTEGER NOT NULL DEFAULT 0,
  -- The rows of activations when they were last counted on that day. NULL: they were not.
  active_devices INTEGER,
  UNIQUE (day, product_id)
) STRICT;

-- How far the statistics have counted. It moves in the same transaction as the counts. One row for each source.
CREATE TABLE statistics_positions (
  -- The table that is read by ascending id, or 'failures' for the instants of failed deliveries.
  source TEXT NOT NULL UNIQUE,
  -- The last id or instant that is counted.
  position INTEGER NOT NULL,
  -- Of 'activations', which are counted again and again: the devices up to the position, {"product id": devices, ...}.
  devices TEXT CHECK (devices IS NULL OR json_type(devices) = 'object')
) STRICT;
