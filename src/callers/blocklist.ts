/**
 * The blocklist: addresses and devices that are refused whatever they ask for, before anybody looks at their API
 * key. As SQL, since the batch that does the work also decides who may ask for it.
 */

/**
 * Whether the caller's address is in a blocked network, or the device it speaks for is blocked. Placeholders:
 * `callerNetworks` (a JSON list) and `deviceIdentifier` (text or null). An empty list costs nothing.
 */
export const IS_BLOCKED = `(exists (select 1 from blocklist) and (
  exists (select 1 from json_each(:callerNetworks) as network
    cross join blocklist on blocklist.kind = 'network' and blocklist.value = network.value)
  or exists (select 1 from blocklist where kind = 'identifier' and value = :deviceIdentifier)))`
