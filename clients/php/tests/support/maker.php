<?php

/** Makes license files and signed answers as the server does. It shares no code with the client. */

declare(strict_types=1);

namespace Keyseal\Tests;

final class Maker
{
    public const KEY = 'DEMO-7K2MX-9QWER';
    public const IDENTIFIER = 'device-1/ä';
    public const PRODUCT_ID = 7;
    public const DAY = 86_400_000;
    /** 2026-11-28T12:00:00.500Z */
    public const ISSUED = 1_795_867_200_500;

    /** @param array<string, string> $secrets in base64 or PEM */
    public function __construct(public readonly array $secrets)
    {
    }

    public static function withNewKeys(): self
    {
        $ed25519 = fn () => \base64_encode(\sodium_crypto_sign_keypair());
        return new self([
            'ed25519' => $ed25519(),
            'rsa-sha256' => self::rsa(2048),
            'other' => $ed25519(),
            'answers' => self::rsa(2048),
            'answers-ed25519' => $ed25519(),
            'other-answers' => self::rsa(2048),
        ]);
    }

    public static function rsa(int $bits): string
    {
        $key = \openssl_pkey_new(['private_key_bits' => $bits, 'private_key_type' => OPENSSL_KEYTYPE_RSA]);
        \openssl_pkey_export($key, $pem);
        return $pem;
    }

    public function hex(string $name): string
    {
        return \bin2hex(\sodium_crypto_sign_publickey(\base64_decode($this->secrets[$name])));
    }

    public function pem(string $name): string
    {
        if (\str_starts_with($this->secrets[$name], '-----')) {
            return \openssl_pkey_get_details(\openssl_pkey_get_private($this->secrets[$name]))['key'];
        }
        $der = \hex2bin('302a300506032b6570032100' . $this->hex($name));
        return "-----BEGIN PUBLIC KEY-----\n" . \base64_encode($der) . "\n-----END PUBLIC KEY-----\n";
    }

    public function sign(string $name, string $message): string
    {
        $secret = $this->secrets[$name];
        if (\str_starts_with($secret, '-----')) {
            \openssl_sign($message, $signature, $secret, OPENSSL_ALGO_SHA256);
            return $signature;
        }
        return \sodium_crypto_sign_detached($message, \sodium_crypto_sign_secretkey(\base64_decode($secret)));
    }

    /** @param array<string, mixed> $change what differs from the usual file */
    public function file(array $change = []): string
    {
        $is = $change + [
            'kind' => 'machine',
            'algorithm' => 'ed25519',
            'encrypted' => true,
            'licenseKey' => self::KEY,
            'identifier' => self::IDENTIFIER,
            'payload' => null,
            'signedAs' => null,
            'signedWith' => null,
            'alg' => null,
            'kid' => 'a-key-id',
        ];
        $json = $is['payload'] ?? \json_encode(self::payload($change), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $secret = $is['licenseKey'] . ($is['kind'] === 'machine' ? $is['identifier'] : '');
        $enc = $is['encrypted'] ? self::encrypt($json, $secret) : \base64_encode($json);
        $signature = $this->sign($is['signedWith'] ?? $is['algorithm'], ($is['signedAs'] ?? $is['kind']) . "/$enc");
        $certificate = [
            'enc' => $enc,
            'sig' => \base64_encode($signature),
            'alg' => $is['alg'] ?? ($is['encrypted'] ? 'aes-256-gcm' : 'base64') . "+{$is['algorithm']}",
            'kid' => $is['kid'],
        ];
        $title = \strtoupper($is['kind']) . ' FILE';
        $lines = \chunk_split(\base64_encode(\json_encode($certificate)), 60, "\n");
        return "-----BEGIN $title-----\n$lines-----END $title-----\n";
    }

    private static function encrypt(string $json, string $secret): string
    {
        $key = \hash('sha256', $secret, true);
        $iv = \substr(\hash_hmac('sha256', $json, $key, true), 0, 12);
        $encrypted = \openssl_encrypt($json, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag);
        return \implode('.', \array_map(\base64_encode(...), [$encrypted, $iv, $tag]));
    }

    /**
     * @param array<string, mixed> $change
     * @return array<string, mixed>
     */
    private static function payload(array $change): array
    {
        $is = $change + [
            'kind' => 'machine',
            'fingerprint' => $change['identifier'] ?? self::IDENTIFIER,
            'issued' => self::ISSUED,
            'days' => 14,
            'expiresAt' => '2027-11-24T08:30:00.000Z',
            'features' => ['pro', 'export'],
            'productId' => self::PRODUCT_ID,
            'storedKey' => self::KEY,
        ];
        $created = '2026-11-24T08:30:00.000Z';
        $common = ['created' => $created, 'updated' => $created, 'metadata' => (object) []];
        $productId = (string) $is['productId'];
        $license = [
            'type' => 'licenses',
            'id' => '41',
            'attributes' => ['name' => 'Editor', 'key' => $is['storedKey'], 'expiry' => $is['expiresAt']] + $common,
            'relationships' => [
                'policy' => ['data' => ['type' => 'policies', 'id' => $productId]],
                'product' => ['data' => ['type' => 'products', 'id' => $productId]],
            ],
        ];
        $entitlements = \array_map(
            fn (string $name) => [
                'type' => 'entitlements',
                'id' => $name,
                'attributes' => ['code' => $name, 'name' => $name] + $common,
            ],
            $is['features'],
        );
        $machine = [
            'type' => 'machines',
            'id' => '315',
            'attributes' => ['fingerprint' => $is['fingerprint']] + $common,
            'relationships' => ['license' => ['data' => ['type' => 'licenses', 'id' => '41']]],
        ];
        $expiry = $is['issued'] + $is['days'] * self::DAY;
        return [
            'meta' => [
                'issued' => self::iso($is['issued']),
                'expiry' => self::iso($expiry),
                'ttl' => $is['days'] * 86_400,
            ],
            'data' => $is['kind'] === 'machine' ? $machine : $license,
            'included' => $is['kind'] === 'machine' ? [$license, ...$entitlements] : $entitlements,
        ];
    }

    public static function iso(int $milliseconds): string
    {
        return \gmdate('Y-m-d\TH:i:s', \intdiv($milliseconds, 1000)) . \sprintf('.%03dZ', $milliseconds % 1000);
    }

    /** @return array<string, mixed> the proof of an answer to a request */
    public static function proof(
        string $nonce,
        ?string $licenseKey = self::KEY,
        ?string $identifier = self::IDENTIFIER,
    ): array {
        return [
            'nonce' => $nonce,
            'license_key_sha256' => $licenseKey === null ? null : \hash('sha256', $licenseKey),
            'identifier' => $identifier,
            'product_id' => self::PRODUCT_ID,
            'status' => 'assigned',
            'expires_at' => null,
            'features' => null,
        ];
    }

    /** @param array<string, mixed> $response */
    public function answer(array $response, string $signedWith = 'answers'): string
    {
        $json = \json_encode($response, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $base64 = \base64_encode($json);
        return \json_encode([
            'response' => $response,
            'response_base64' => $base64,
            'private_key_used' => 'global',
            'signature' => \base64_encode($this->sign($signedWith, $base64)),
        ], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }
}
