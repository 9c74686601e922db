/** Two public keys for the examples. Nobody has their private halves. */
import { createHash, createPublicKey } from 'node:crypto'

export const RSA_PEM = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA8ax2fITh1fCJyvpYphFV
A/tFkZbeJGQZxaCJR/o6Bmxfjgl9X1yDgDXqkdq800wLfYSMEf0i1tHPyLoTvMoA
XgznIp0f3LJm5P4z29D+DDI/rI4YM1RUaTk/uyPZn60LaYhawFbFhDr5bNzFWKfC
uAgiijwctXe87XiNcjQQCiAxivWbHDg4EcONbWl/HC+esd9cw+253EdyJ3adrDbz
J+l1WtqmZQ42//jjdnRcG2CaxB8RTB2G3NWxnwQcseTdzSCmxhEgGSLe2rO8Prww
6OPnI0E4Y9EJCrvw13X3mJrPZi5/8BMwijeU+vvxhRBd1DlJCfdp2A/3aPbcTrID
wwIDAQAB
-----END PUBLIC KEY-----
`

const ED25519_PEM = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAnQu7ToALoVEEdG+KrWgnsSw6YghfKlMQXbnpFU/PqBk=
-----END PUBLIC KEY-----
`

/** A key as the JWK Set tells it: its public members, its thumbprint (RFC 7638), and what it is for. */
function jwkOf(pem: string, alg: 'RS256' | 'EdDSA') {
  const { kty, n, e, crv, x } = createPublicKey(pem).export({ format: 'jwk' })
  // The members of a thumbprint stand in the order of their names.
  const [members, ordered] =
    alg === 'RS256'
      ? [
          { kty, n, e },
          { e, kty, n },
        ]
      : [
          { kty, crv, x },
          { crv, kty, x },
        ]
  const kid = createHash('sha256').update(JSON.stringify(ordered)).digest('base64url')
  return { ...members, kid, use: 'sig', alg }
}

/** A deployment that signs with RSA, and about one product with Ed25519. */
export const EXAMPLE_KEY_SET = { keys: [jwkOf(RSA_PEM, 'RS256'), jwkOf(ED25519_PEM, 'EdDSA')] }
