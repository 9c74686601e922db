<?php

/** Requests to a server on this machine: what each answer does to the license. */

declare(strict_types=1);

namespace Keyseal\Tests;

$maker = Maker::withNewKeys();
$service = new Service($maker);
$DAY = Maker::DAY;

/** An app whose server gives this answer. */
$app = function (array $answer = [], array $options = []) use ($maker, $service): App {
    $service->answers($answer);
    return new App($maker, $options, $service->origin);
};

test('activate stores the key and the file that the server gives', function () use ($app, $service) {
    $app = $app();
    $status = $app->keyseal->activate("\u{feff} " . Maker::KEY . "\n");
    same(['valid', '2210', null], [$status->state, $status->code, $status->reason]);
    same(['pro', 'export'], $status->features);
    same('2027-11-24T08:30:00.000Z', $status->expiresAt?->format('Y-m-d\TH:i:s.v\Z'));
    same(361, $status->daysLeft);
    same([true, false], [$app->keyseal->has('pro'), $app->keyseal->has('team')]);
    same(1, \count($service->requests()));
});

test('a request names the key, the device, the file and a new nonce', function () use ($app, $service) {
    $app = $app([], ['fileDays' => 30, 'server' => "$service->origin/"]);
    $app->keyseal->activate(Maker::KEY);
    $app->keyseal->refresh();
    [$first, $second] = $service->requests();
    $nonces = [$first['fields']['nonce'], $second['fields']['nonce']];
    same([1, 1], \array_map(fn (string $nonce) => \preg_match('/^[0-9a-f]{32}$/D', $nonce), $nonces));
    same(false, $nonces[0] === $nonces[1]);
    unset($first['fields']['nonce']);
    \ksort($first['fields']);
    same([
        'activate' => '1',
        'algorithm' => 'ed25519',
        'encrypt' => '1',
        'identifier' => Maker::IDENTIFIER,
        'license_key' => Maker::KEY,
        'ttl' => '2592000',
    ], $first['fields']);
    same(['/api/v1/check-out', 'Bearer a-test-api-key'], [$first['path'], $first['headers']['Authorization']]);
});

test('plain files and files signed by RSA are asked for and accepted', function () use ($app, $maker, $service) {
    $app = $app([], ['encrypt' => false, 'algorithm' => 'rsa-sha256', 'fileKeys' => [$maker->pem('rsa-sha256')]]);
    same('valid', $app->keyseal->activate(Maker::KEY)->state);
    ['algorithm' => $algorithm, 'encrypt' => $encrypt] = $service->requests()[0]['fields'];
    same(['rsa-sha256', '0'], [$algorithm, $encrypt]);
});

$refusals = [201 => 'unlicensed', 203 => 'blocked', 204 => 'blocked', 205 => 'expired', 210 => 'unlicensed'];
foreach ($refusals as $code => $state) {
    test("a signed $code takes the license away until the next file", function () use ($app, $service, $code, $state) {
        $app = $app(['code' => $code])->store();
        $status = $app->keyseal->refresh();
        same([$state, (string) $code, null, []], [$status->state, $status->code, $status->reason, $status->features]);
        same([$state, 0], [$app->state(), $app->keyseal->check()->daysLeft]);
        same(false, $app->keyseal->has('pro'));
        $service->answers(['status' => 503, 'raw' => 'down']);
        same([$state, 'not-trusted'], [$app->keyseal->refresh()->state, $app->keyseal->refresh()->reason]);
        $service->answers([]);
        same('valid', $app->keyseal->refresh()->state);
        same(null, $app->storage->members()['refusal']);
    });

    test("a signed $code for a new key does not take a working license away", function () use ($app, $code, $state) {
        $app = $app(['code' => $code])->store();
        $status = $app->keyseal->activate('DEMO-NEW');
        same([$state, (string) $code], [$status->state, $status->code]);
        same([true, 'valid'], [$app->keyseal->has('pro'), $app->state()]);
        same(Maker::KEY, $app->storage->members()['licenseKey']);
    });
}

test('a refused key is remembered unless it is wrong', function () use ($app, $service) {
    $app = $app(['code' => 205]);
    $app->keyseal->activate(Maker::KEY);
    same(['expired', Maker::KEY], [$app->state(), $app->storage->members()['licenseKey']]);
    $service->answers(['code' => 210]);
    same('unlicensed', $app->keyseal->activate('DEMO-WRONG')->state);
    same(['expired', Maker::KEY], [$app->state(), $app->storage->members()['licenseKey']]);
});

test('302 keeps a file until its end, and is then the state', function () use ($app, $DAY) {
    $app = $app(['code' => 302])->store();
    same(['limit-reached', null, '302'], stateOf($app->keyseal->activate(Maker::KEY)));
    same(['valid', null], [$app->keyseal->refresh()->state, $app->keyseal->refresh()->reason]);
    $app->now += 20 * $DAY;
    same('grace', $app->state());
    $app->now += $DAY;
    same(['limit-reached', '302'], [$app->state(), $app->keyseal->check()->code]);
});

test('302 for a first key is remembered, and does not replace a working license', function () use ($app, $service) {
    $fresh = $app(['code' => 302]);
    same('limit-reached', $fresh->keyseal->activate(Maker::KEY)->state);
    same('limit-reached', $fresh->state());
    $service->answers([]);
    same('valid', $fresh->keyseal->refresh()->state);
    same(false, $fresh->storage->members()['limitReached']);
    $working = $app(['code' => 302])->store();
    same('limit-reached', $working->keyseal->activate('DEMO-NEW')->state);
    same('valid', $working->state());
});

test('202 is asked once more', function () use ($app, $service) {
    $app = $app(['codes' => [202, 2210]])->store();
    same('valid', $app->keyseal->refresh()->state);
    same(2, \count($service->requests()));
    $service->answers(['code' => 202]);
    same(['valid', 'refused', '202'], stateOf($app->keyseal->refresh()));
    same(2, \count($service->requests()));
});

foreach ([100, 150, 215, 804, 2429, 2500, 2503, 200] as $code) {
    test("a signed $code says nothing about the license", function () use ($app, $code) {
        $app = $app(['code' => $code])->store();
        same(['valid', 'refused', (string) $code], stateOf($app->keyseal->refresh()));
        same(['valid', 'refused', (string) $code], stateOf($app->keyseal->activate('DEMO-NEW')));
        same('valid', $app->state());
    });
}

$silences = [
    'a replayed answer' => ['code' => 204, 'proof' => ['nonce' => \str_repeat('0', 32)]],
    'an answer about another key' => ['code' => 204, 'proof' => ['license_key_sha256' => \hash('sha256', 'OTHER')]],
    'an answer about another device' => ['code' => 204, 'proof' => ['identifier' => 'device-2']],
    'an answer about another product' => ['code' => 204, 'proof' => ['product_id' => 8]],
    'an answer without a proof' => ['code' => 204, 'proof' => false],
    'an answer signed by another key' => ['code' => 204, 'signedWith' => 'other-answers'],
    'an error page' => ['status' => 503, 'raw' => '<html>down</html>'],
    'an empty body' => ['raw' => ''],
    'a body without end' => ['raw' => \str_repeat('x', 1_500_000)],
];
foreach ($silences as $name => $answer) {
    test("$name changes nothing", function () use ($app, $answer) {
        $app = $app($answer)->store();
        same(['valid', 'not-trusted', null], stateOf($app->keyseal->refresh()));
        same(['valid', 'not-trusted', null], stateOf($app->keyseal->deactivate()));
        $app->storage->text = null;
        same(['unlicensed', 'not-trusted', null], stateOf($app->keyseal->activate(Maker::KEY)));
        same(['unlicensed', 'not-trusted', null], stateOf($app->keyseal->startTrial()));
    });
}

test('a redirect is not followed', function () use ($app, $service) {
    $app = $app(['status' => 307, 'headers' => ["Location: $service->origin/elsewhere"], 'raw' => ''])->store();
    same(['valid', 'not-trusted', null], stateOf($app->keyseal->refresh()));
    same(['/api/v1/check-out'], \array_column($service->requests(), 'path'));
});

test('a server that does not answer changes nothing', function () use ($maker) {
    $app = (new App($maker, [], 'http://' . freeAddress()))->store();
    same(['valid', 'unreachable', null], stateOf($app->keyseal->refresh()));
    same(['valid', 'unreachable', null], stateOf($app->keyseal->activate('DEMO-NEW')));
    same(['valid', 'unreachable', null], stateOf($app->keyseal->deactivate()));
    $empty = new App($maker, [], 'http://' . freeAddress());
    same(['unlicensed', 'unreachable', null], stateOf($empty->keyseal->activate(Maker::KEY)));
    same(['unlicensed', 'unreachable', null], stateOf($empty->keyseal->startTrial()));
});

$badFiles = [
    'wrong-machine' => ['fingerprint' => 'device-2'],
    'other-product' => ['productId' => 8],
    'file-invalid' => ['signedWith' => 'other'],
];
foreach ($badFiles as $reason => $file) {
    test("a file with the fault $reason is not stored", function () use ($app, $reason, $file) {
        $app = $app(['file' => $file])->store();
        $before = $app->storage->members()['file'];
        same(['valid', $reason, null], stateOf($app->keyseal->refresh()));
        same($before, $app->storage->members()['file']);
    });
}

test('2210 without a file is not taken for one', function () use ($app) {
    same(['unlicensed', 'file-invalid', null], stateOf($app(['file' => false])->keyseal->activate(Maker::KEY)));
});

test('an empty key is not sent', function () use ($app, $service) {
    same(['unlicensed', 'refused', null], stateOf($app()->keyseal->activate(" \u{a0}\n")));
    same([], $service->requests());
});

test('a key that is not UTF-8 is sent as UTF-8', function () use ($app, $service) {
    $app(['code' => 210])->keyseal->activate("DEMO-\xe4 ");
    same("DEMO-\u{fffd}", $service->requests()[0]['fields']['license_key']);
});

foreach (['400', 401, 202, 210] as $code) {
    test("deactivate forgets the license after $code", function () use ($app, $service, $code) {
        $app = $app(['code' => $code])->store();
        same(['unlicensed', null, (string) $code], stateOf($app->keyseal->deactivate()));
        same('/api/v1/deactivate', $service->requests()[0]['path']);
        ['licenseKey' => $licenseKey, 'file' => $file, 'refusal' => $refusal] = $app->storage->members();
        same([null, null, null], [$licenseKey, $file, $refusal]);
        same(['unlicensed', 1], [$app->keyseal->deactivate()->state, \count($service->requests())]);
    });
}

test('a trial starts, continues, and ends', function () use ($app, $service, $DAY) {
    $app = $app(['code' => 2211, 'fields' => ['license_key' => 'TRIAL-1'], 'file' => ['storedKey' => 'TRIAL-1']]);
    same(['valid', null, '2211'], stateOf($app->keyseal->startTrial()));
    $request = $service->requests()[0];
    same(['/api/v1/start-trial', '7'], [$request['path'], $request['fields']['product_id']]);
    same(false, isset($request['fields']['license_key']));
    same(['valid', 'TRIAL-1'], [$app->state(), $app->storage->members()['licenseKey']]);
    $app->now += 30 * $DAY;
    $service->answers(['code' => 205]);
    same(['expired', null, '205'], stateOf($app->keyseal->startTrial()));
    $service->answers(['code' => 2213]);
    same(['expired', 'refused', '2213'], stateOf($app->keyseal->startTrial()));
});

test('a trial does not replace a license that works, or will after a refresh', function () use ($app, $service, $DAY) {
    $app = $app(['code' => 2211, 'fields' => ['license_key' => 'TRIAL-1']])->store();
    same('valid', $app->keyseal->startTrial()->state);
    $app->now -= 2 * $DAY;
    same('clock-set-back', $app->keyseal->startTrial()->state);
    same('tampered', $app->store(['signedWith' => 'other'])->keyseal->startTrial()->state);
    same([], $service->requests());
});

test('an answer about a key that was replaced meanwhile is not stored', function () use ($maker, $service) {
    $service->answers(['code' => 204]);
    $app = new App($maker, ['device' => new class ($replace) implements \Keyseal\V1\DeviceIdentifier {
        public function __construct(public ?\Closure &$replace)
        {
        }

        public function identifier(): string
        {
            ($this->replace ?? fn () => null)();
            return Maker::IDENTIFIER;
        }
    }], $service->origin);
    $app->store();
    // The identifier is read after the key, and before the request is sent.
    $new = ['licenseKey' => 'DEMO-NEW', 'file' => $maker->file(['licenseKey' => 'DEMO-NEW'])];
    $replace = fn () => $app->storage->change($new);
    same(['valid', null, null], stateOf($app->keyseal->refresh()));
    same(['DEMO-NEW', null], [$app->storage->members()['licenseKey'], $app->storage->members()['refusal'] ?? null]);
});
