<?php

/** Devices without a network: the request that a person takes away, and the file that comes back. */

declare(strict_types=1);

namespace Keyseal\Tests;

$maker = Maker::withNewKeys();
$DAY = Maker::DAY;
$plain = ['encrypted' => false];

test('a request holds the key, the device and the algorithm', function () use ($maker) {
    $app = new App($maker, [], 'https://licenses.example.com');
    ['text' => $text, 'url' => $url] = $app->keyseal->offlineRequest(" DEMO/ä \n");
    same("https://licenses.example.com/offline#$text", $url);
    same(1, \preg_match('/^[\w-]+$/D', $text));
    same(
        '{"license_key":"DEMO/ä","identifier":"' . Maker::IDENTIFIER . '","algorithm":"ed25519"}',
        \base64_decode(\strtr($text, '-_', '+/')),
    );
});

test('a request changes nothing about the stored license', function () use ($maker) {
    $app = (new App($maker))->store();
    $app->keyseal->offlineRequest('DEMO-NEW');
    same(['valid', Maker::KEY], [$app->state(), $app->storage->members()['licenseKey']]);
});

foreach (['plain' => $plain, 'encrypted' => []] as $name => $kind) {
    test("a $name file is stored with its key", function () use ($maker, $kind) {
        $app = new App($maker);
        $app->keyseal->offlineRequest(Maker::KEY);
        same(['valid', null, null], stateOf($app->keyseal->acceptFile($maker->file($kind))));
        same(['valid', true], [$app->state(), $app->keyseal->has('pro')]);
        same([Maker::KEY, null], [$app->storage->members()['licenseKey'], $app->storage->members()['pendingKey']]);
    });

    test("a $name file that is of no use changes nothing", function () use ($maker, $kind, $DAY) {
        $app = (new App($maker))->store();
        $app->keyseal->offlineRequest(Maker::KEY);
        $before = $app->storage->text;
        $accept = fn (array $change) => stateOf($app->keyseal->acceptFile($maker->file($change + $kind)));
        same(['valid', 'wrong-machine', null], $accept(['identifier' => 'device-2']));
        same(['valid', 'other-product', null], $accept(['productId' => 8]));
        same(['valid', 'file-invalid', null], $accept(['signedWith' => 'other']));
        same(['valid', 'file-invalid', null], $accept(['issued' => Maker::ISSUED - 14 * $DAY]));
        same(['clock-set-back', null, null], $accept(['issued' => Maker::ISSUED + 2 * $DAY]));
        same(['valid', 'file-invalid', null], stateOf($app->keyseal->acceptFile('hello')));
        same($before, $app->storage->text);
    });
}

test('a plain file brings its own license key', function () use ($maker, $plain) {
    $app = new App($maker);
    same('valid', $app->keyseal->acceptFile($maker->file($plain))->state);
    same(Maker::KEY, $app->storage->members()['licenseKey']);
});

test('an encrypted file of the stored key is accepted while another key is asked for', function () use ($maker, $DAY) {
    $app = (new App($maker))->store();
    $app->keyseal->offlineRequest('DEMO-NEW');
    $app->now += 10 * $DAY;
    same('valid', $app->keyseal->acceptFile($maker->file(['issued' => $app->now]))->state);
    same(Maker::KEY, $app->storage->members()['licenseKey']);
});

test('an older file does not replace a newer one', function () use ($maker, $plain) {
    $app = (new App($maker))->store();
    $before = $app->storage->text;
    same('valid', $app->keyseal->acceptFile($maker->file($plain + ['issued' => Maker::ISSUED - 1]))->state);
    same($before, $app->storage->text);
});

test('a file from before a refusal does not end the refusal', function () use ($maker, $plain, $DAY) {
    $refusedAt = Maker::ISSUED - 500;
    $app = (new App($maker))->store([], ['file' => null, 'refusal' => ['code' => '204', 'at' => $refusedAt]]);
    same('blocked', $app->keyseal->acceptFile($maker->file($plain + ['issued' => $refusedAt + 999]))->state);
    same('blocked', $app->state());
    same('valid', $app->keyseal->acceptFile($maker->file($plain + ['issued' => $refusedAt + 1000]))->state);
});

test('a newer file forgives a clock that once ran ahead', function () use ($maker, $plain, $DAY) {
    $app = (new App($maker))->store([], ['highestTime' => Maker::ISSUED + 90 * $DAY]);
    $app->now += 10 * $DAY;
    same('clock-set-back', $app->state());
    same('valid', $app->keyseal->acceptFile($maker->file($plain + ['issued' => $app->now]))->state);
});
