-- Payment providers: what is sold there, what they tell, what follows for license keys, and how these reach
-- their owners. Everything a provider tells is kept as a fact of its own, so that the state of a key follows
-- from the facts and not from the order in which they arrived.

-- What a seller's offer at a provider stands for here.
CREATE TABLE offers (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL CHECK (provider IN ('stripe', 'paddle', 'lemon-squeezy', 'polar', 'dodo', 'standard')),
  -- The provider's own id of a price, product, variant or payment link.
  external_id TEXT NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
  product_id INTEGER NOT NULL REFERENCES products (id),
  -- A hundred at most: as many fresh keys are made beforehand for each unit sold.
  keys_per_unit INTEGER NOT NULL CHECK (keys_per_unit BETWEEN 1 AND 100),
  -- 'key-per-unit': quantity times keys_per_unit keys. 'seats': one key for quantity times activation_limit.
  mode TEXT NOT NULL CHECK (mode IN ('key-per-unit', 'seats')),
  validity_days INTEGER NOT NULL CHECK (validity_days BETWEEN 0 AND 36500),
  activation_limit INTEGER NOT NULL CHECK (activation_limit BETWEEN 0 AND 1000000),
  UNIQUE (provider, external_id)
) STRICT;

-- Every event that was proved to come from a provider, once.
CREATE TABLE webhook_events (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),
  type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 255),
  order_id TEXT,
  -- Of the secret that signed it.
  mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
  received_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('issued', 'duplicate', 'revoked', 'reinstated', 'renewed', 'flagged',
    'ignored', 'unmapped', 'waiting', 'failed')),
  -- Why, for a person; without anybody's data.
  note TEXT,
  -- As received; NULL after 30 days.
  payload TEXT,
  -- Of a waiting event: when it is next looked at, and how often it was.
  due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  UNIQUE (provider, event_id)
) STRICT;

CREATE INDEX webhook_events_due ON webhook_events (due_at) WHERE outcome = 'waiting';
CREATE INDEX webhook_events_to_empty ON webhook_events (received_at) WHERE payload IS NOT NULL;

-- Every name an order is known by, its own included.
CREATE TABLE order_references (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  reference TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 255),
  order_id TEXT NOT NULL CHECK (length(order_id) BETWEEN 1 AND 255),
  UNIQUE (provider, reference, order_id)
) STRICT;

-- With the reference in it, so that the table itself need not be read.
CREATE INDEX order_references_by_order ON order_references (provider, order_id, reference);

-- The lines of paid orders for which keys were issued.
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

-- Refunds and disputes, also of orders that are not known yet. Of several news about one the latest is kept.
CREATE TABLE reversals (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  -- The refund's or dispute's own name.
  reversal_id TEXT NOT NULL CHECK (length(reversal_id) BETWEEN 1 AND 255),
  -- Any name of the order.
  reference TEXT NOT NULL,
  -- [{"id": line, "quantity": units or absent for all}, ...]; NULL: the whole order.
  lines TEXT CHECK (lines IS NULL OR json_type(lines) = 'array'),
  -- 0: it failed, or was decided for the seller.
  is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
  occurred_at INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  -- Of the event that changed it last.
  nonce TEXT NOT NULL,
  UNIQUE (provider, reversal_id)
) STRICT;

CREATE INDEX reversals_by_reference ON reversals (provider, reference);

-- The billing periods that were paid for, by each order that told of one: several may tell of the same.
CREATE TABLE renewals (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  subscription TEXT NOT NULL,
  period TEXT NOT NULL,
  -- The renewal's own name, by which its refund calls it.
  order_id TEXT NOT NULL,
  -- 1: the period that the purchase itself paid for; it extends nothing.
  is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
  nonce TEXT NOT NULL,
  UNIQUE (provider, subscription, period, order_id)
) STRICT;

CREATE INDEX renewals_by_order ON renewals (provider, order_id, subscription);

-- What is to be sent because of an issuance, one row for each way; a callback tells of several.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  issuance_id INTEGER REFERENCES issuances (id) CHECK ((issuance_id IS NULL) = (channel = 'callback')),
  channel TEXT NOT NULL CHECK (channel IN ('webhook', 'email', 'callback')),
  -- 'cancelled': the order was taken back before its keys were sent.
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'cancelled')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Not sent before, and not by anybody else until then.
  due_at INTEGER NOT NULL,
  -- What the last attempt met with: 'HTTP 500', 'no answer'.
  last_result TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (issuance_id, channel)
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';

-- Where a product's deliveries go; NULL: to DELIVERY_WEBHOOK_URL.
ALTER TABLE products ADD COLUMN delivery_webhook_url TEXT CHECK (length(delivery_webhook_url) BETWEEN 1 AND 2048);

-- What a key's status was before a refund or dispute blocked it; NULL: none has.
ALTER TABLE license_keys ADD COLUMN status_before_reversal TEXT
  CHECK (status_before_reversal IN ('available', 'assigned', 'reserved', 'blocked'));
