<?php

/** License files: what verifyFile says about good and bad ones. */

declare(strict_types=1);

namespace Keyseal\Tests;

use function Keyseal\V1\verifyFile;

$maker = Maker::withNewKeys();

/** @param array<string, mixed> $options that differ from the usual ones */
$verify = fn (string $file, array $options = [], ?int $now = Maker::ISSUED, string $key = Maker::KEY) => verifyFile(
    $file,
    $key,
    Maker::IDENTIFIER,
    $options + ['fileKeys' => [$maker->hex('ed25519')], 'productId' => Maker::PRODUCT_ID],
    $now,
);
$verdict = fn (array $change, array $options = [], ?int $now = Maker::ISSUED) =>
    $verify($maker->file($change), $options, $now)->verdict;

$rsa = ['algorithm' => 'rsa-sha256', 'fileKeys' => [$maker->pem('rsa-sha256')]];
$kinds = ['encrypted' => [], 'plain' => ['encrypted' => false]];

foreach ($kinds as $name => $kind) {
    test("a $name file is valid until its expiry, and then expired", function () use ($verdict, $kind) {
        $expiry = Maker::ISSUED + 14 * Maker::DAY;
        same('valid', $verdict($kind));
        same('valid', $verdict($kind, [], $expiry - 1));
        same('expired', $verdict($kind, [], $expiry));
    });

    test("a $name file of another machine is of no use", function () use ($verdict, $kind) {
        same('wrong-machine', $verdict($kind + ['identifier' => 'device-2']));
        same('wrong-machine', $verdict($kind + ['fingerprint' => 'device-2']));
    });

    test("a $name file that was issued more than a day from now reports the clock", function () use ($verdict, $kind) {
        same('valid', $verdict($kind, [], Maker::ISSUED - Maker::DAY));
        same('clock-set-back', $verdict($kind, [], Maker::ISSUED - Maker::DAY - 1));
    });

    test("a $name file of another product is of no use", function () use ($verdict, $kind) {
        same('other-product', $verdict($kind + ['productId' => 8]));
    });

    test("a $name file signed by RSA is valid where the app chose RSA", function () use ($verdict, $kind, $rsa) {
        same('valid', $verdict($kind + ['algorithm' => 'rsa-sha256'], $rsa));
        same('tampered', $verdict($kind + ['algorithm' => 'rsa-sha256']));
        same('tampered', $verdict($kind, $rsa));
    });

    test("a $name file that is cut anywhere is tampered", function () use ($maker, $verify, $kind) {
        $file = $maker->file($kind);
        for ($length = 0; $length < \strlen($file) - 1; $length += 7) {
            same('tampered', $verify(\substr($file, 0, $length))->verdict, "cut at $length");
        }
    });

    test("a $name file with one other character is never valid", function () use ($maker, $verify, $kind) {
        $file = $maker->file($kind);
        $json = \base64_decode(\implode('', \array_slice(\explode("\n", $file), 1, -2)));
        // The last two characters of base64 may hold bits that do not count, and the key id counts nowhere.
        $end = \strpos($json, '","alg"') - 4;
        for ($at = 8; $at < $end; $at += 5) {
            $changed = $json;
            $changed[$at] = $changed[$at] === 'A' ? 'B' : 'A';
            $text = "-----BEGIN MACHINE FILE-----\n" . \base64_encode($changed) . "\n-----END MACHINE FILE-----\n";
            same($changed === $json ? 'valid' : 'tampered', $verify($text)->verdict, "character $at");
        }
    });

    test("a $name file signed by an unknown key is tampered, whatever its key id", function () use ($verdict, $kind) {
        same('tampered', $verdict($kind + ['signedWith' => 'other']));
        same('valid', $verdict($kind + ['kid' => 'unknown']));
        same('valid', $verdict($kind + ['kid' => null]));
    });

    test("a $name file with another algorithm in it is tampered", function () use ($verdict, $kind, $rsa) {
        same('tampered', $verdict($kind + ['alg' => 'aes-256-gcm+rsa-sha256']));
        same('tampered', $verdict($kind + ['alg' => 'none']));
        same('tampered', $verdict($kind + ['alg' => ($kind === [] ? 'base64' : 'aes-256-gcm') . '+ed25519']));
        same('tampered', $verdict($kind + ['alg' => 'aes-256-gcm+ed25519', 'algorithm' => 'rsa-sha256'], $rsa));
    });

    test("a $name file of one kind does not pass as the other", function () use ($verdict, $kind) {
        same('tampered', $verdict($kind + ['signedAs' => 'license']));
        same('tampered', $verdict($kind + ['kind' => 'license']));
        same('tampered', $verdict($kind + ['kind' => 'license', 'signedAs' => 'machine'], ['allowAnyMachine' => true]));
        same('valid', $verdict($kind + ['kind' => 'license'], ['allowAnyMachine' => true]));
    });
}

test('a file says which features the license has, and when it ends', function () use ($maker, $verify) {
    $contents = $verify($maker->file())->contents;
    same(['pro', 'export'], $contents?->features);
    same('2027-11-24T08:30:00.000Z', Maker::iso($contents?->expiresAt ?? 0));
    same(null, $verify($maker->file(['expiresAt' => null]))->contents?->expiresAt);
    same(null, $verify($maker->file(['identifier' => 'device-2']))->contents);
});

test('a file encrypted for another license key is of no use', function () use ($maker, $verify) {
    same('wrong-machine', $verify($maker->file(), [], Maker::ISSUED, 'DEMO-OTHER')->verdict);
});

test('white space around the license key does not count', function () use ($maker, $verify) {
    same('valid', $verify($maker->file(), [], Maker::ISSUED, "\u{feff}\u{a0} " . Maker::KEY . "\u{2028}\t\n")->verdict);
    same('wrong-machine', $verify($maker->file(), [], Maker::ISSUED, "\u{200b}" . Maker::KEY)->verdict);
});

test('any of several keys may have signed a file, also one as PEM', function () use ($maker, $verdict) {
    $keys = [$maker->hex('other'), $maker->pem('ed25519'), $maker->pem('rsa-sha256')];
    same('valid', $verdict([], ['fileKeys' => $keys]));
});

test('a pasted file may have other line ends, or none', function () use ($maker, $verify) {
    $file = $maker->file();
    same('valid', $verify("\n  " . \str_replace("\n", "\r\n", $file))->verdict);
    same('valid', $verify(\str_replace("\n", '', $file))->verdict);
});

test('a tag of fewer than 16 bytes is tampered', function () use ($maker, $verify) {
    $key = \hash('sha256', Maker::KEY . Maker::IDENTIFIER, true);
    $encrypted = \openssl_encrypt('{}', 'aes-256-gcm', $key, OPENSSL_RAW_DATA, \str_repeat('i', 12), $tag, '', 12);
    $enc = \implode('.', \array_map(\base64_encode(...), [$encrypted, \str_repeat('i', 12), $tag]));
    $signature = \base64_encode($maker->sign('ed25519', "machine/$enc"));
    $json = ['enc' => $enc, 'sig' => $signature, 'alg' => 'aes-256-gcm+ed25519'];
    $file = "-----BEGIN MACHINE FILE-----\n" . \base64_encode(\json_encode($json)) . "\n-----END MACHINE FILE-----";
    same('tampered', $verify($file)->verdict);
});

test('genuine files with contents that make no sense are tampered', function () use ($maker, $verify) {
    $good = \json_decode(\base64_decode(\json_decode(\base64_decode(
        \implode('', \array_slice(\explode("\n", $maker->file(['encrypted' => false])), 1, -2)),
    ), true)['enc']), true);
    same('valid', $verify($maker->file(['encrypted' => false, 'payload' => \json_encode($good)]))->verdict);
    $changes = [
        ['meta' => null],
        ['meta' => ['issued' => 'yesterday'] + $good['meta']],
        ['meta' => ['issued' => '2026-02-30T00:00:00.000Z'] + $good['meta']],
        ['meta' => ['expiry' => 1_800_000_000] + $good['meta']],
        ['data' => ['type' => 'licenses'] + $good['data']],
        ['included' => []],
        ['included' => 'none'],
    ];
    foreach (['', 'null', '[]', '"text"', '{', "\xff"] as $payload) {
        same('tampered', $verify($maker->file(['encrypted' => false, 'payload' => $payload]))->verdict, $payload);
    }
    foreach ($changes as $change) {
        $payload = \json_encode($change + $good);
        same('tampered', $verify($maker->file(['encrypted' => false, 'payload' => $payload]))->verdict, $payload);
    }
});

test('a file of more than 64 kB is not read', function () use ($maker, $verify) {
    $features = \array_fill(0, 300, 'pro');
    same('tampered', $verify($maker->file(['features' => $features]))->verdict);
    same('valid', $verify($maker->file(['features' => \array_fill(0, 50, 'pro')]))->verdict);
});

test('without a time, the clock of the machine counts', function () use ($maker, $verify) {
    $now = (int) (\microtime(true) * 1000);
    same('valid', $verify($maker->file(['issued' => $now]), [], null)->verdict);
    same('expired', $verify($maker->file(['issued' => $now - 15 * Maker::DAY]), [], null)->verdict);
});
