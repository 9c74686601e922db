<?php

/** The states: what check() says about what is stored, at each edge of time. */

declare(strict_types=1);

namespace Keyseal\Tests;

$maker = Maker::withNewKeys();
$app = fn (array $file = [], array $members = [], array $options = []) =>
    (new App($maker, $options))->store($file, $members);
$DAY = Maker::DAY;
$expiry = Maker::ISSUED + 14 * $DAY;

$edges = [
    ['valid', Maker::ISSUED - $DAY, 'a day before it was issued'],
    ['clock-set-back', Maker::ISSUED - $DAY - 1, 'more than a day before it was issued'],
    ['valid', $expiry - 1, 'a moment before its expiry'],
    ['grace', $expiry, 'at its expiry'],
    ['grace', $expiry + 7 * $DAY - 1, 'a moment before the grace period ends'],
    ['expired', $expiry + 7 * $DAY, 'when the grace period ends'],
];
foreach ($edges as [$state, $now, $when]) {
    test("a file is $state $when", function () use ($app, $state, $now) {
        $app = $app();
        $app->now = $now;
        $status = $app->keyseal->check();
        same([$state, null, null], stateOf($status));
        $works = $state === 'valid' || $state === 'grace';
        same($works ? ['pro', 'export'] : [], $status->features);
        same([$works, $works, false], [$status->isLicensed(), $app->keyseal->has('pro'), $app->keyseal->has('team')]);
    });
}

test('the grace period has the length that the app chose', function () use ($app, $expiry, $DAY) {
    $none = $app([], [], ['graceDays' => 0]);
    $none->now = $expiry;
    same('expired', $none->state());
    $half = $app([], [], ['graceDays' => 0.5]);
    $half->now = $expiry + \intdiv($DAY, 2) - 1;
    same('grace', $half->state());
    $half->now++;
    same('expired', $half->state());
});

test('days left count to the end of the license, or of the grace period', function () use ($app, $expiry, $DAY) {
    $never = $app(['expiresAt' => null]);
    same([null, null], [$never->keyseal->check()->daysLeft, $never->keyseal->check()->expiresAt]);
    $soon = $app(['expiresAt' => Maker::iso(Maker::ISSUED + 2 * $DAY)]);
    same(2, $soon->keyseal->check()->daysLeft);
    $soon->now++;
    same(2, $soon->keyseal->check()->daysLeft);
    $soon->now += 3 * $DAY;
    same(['valid', 0], [$soon->state(), $soon->keyseal->check()->daysLeft]);
    $soon->now = $expiry;
    same(['grace', 7], [$soon->state(), $soon->keyseal->check()->daysLeft]);
    $soon->now = $expiry + 7 * $DAY - 1;
    same(1, $soon->keyseal->check()->daysLeft);
    $soon->now++;
    same(['expired', 0], [$soon->state(), $soon->keyseal->check()->daysLeft]);
});

test('nothing stored is unlicensed, and so is what cannot be read', function () use ($maker) {
    $texts = [null, '', '{', '[]', 'null', '"text"', '{"version":2,"licenseKey":"A"}', "\xff\xfe"];
    foreach ($texts as $text) {
        $app = new App($maker);
        $app->storage->text = $text;
        same(['unlicensed', null, null], stateOf($app->keyseal->check()), \var_export($text, true));
    }
});

test('members of another type count as missing', function () use ($app) {
    $wrong = [
        ...['refusal' => 'no', 'limitReached' => 1, 'refreshAt' => 'x'],
        ...['failures' => -5, 'nextAttemptAt' => [], 'highestTime' => '9'],
    ];
    same('valid', $app([], $wrong)->state());
    same('unlicensed', $app([], ['licenseKey' => 7])->state());
    same('unlicensed', $app([], ['file' => ['x']])->state());
    same('valid', $app([], ['refusal' => ['code' => '999', 'at' => 1]])->state());
});

test('a storage that fails counts as empty', function () use ($maker) {
    $broken = new class implements \Keyseal\V1\Storage {
        public function read(): ?string
        {
            throw new \LogicException('no database');
        }

        public function write(string $text): void
        {
        }
    };
    same('unlicensed', (new App($maker, ['storage' => $broken]))->state());
});

test('a refusal counts before the file', function () use ($app) {
    $status = $app([], ['refusal' => ['code' => '204', 'at' => Maker::ISSUED]])->keyseal->check();
    same(['blocked', null, '204'], stateOf($status));
    same([[], 0, false], [$status->features, $status->daysLeft, $status->isLicensed()]);
});

test('a file that is damaged, or of another device or product, is no license', function () use ($app) {
    same(['tampered', 'file-invalid', null], stateOf($app(['signedWith' => 'other'])->keyseal->check()));
    same(['unlicensed', 'wrong-machine', null], stateOf($app(['identifier' => 'device-2'])->keyseal->check()));
    same(['unlicensed', 'other-product', null], stateOf($app(['productId' => 8])->keyseal->check()));
    same(['tampered', 'file-invalid', null], stateOf($app([], ['file' => 'x'])->keyseal->check()));
});

test('a device without its identifier is another device', function () use ($maker) {
    $lost = new class implements \Keyseal\V1\DeviceIdentifier {
        public function identifier(): string
        {
            throw new \RuntimeException('Cannot write.');
        }
    };
    $app = (new App($maker, ['device' => $lost]))->store();
    same(['unlicensed', 'wrong-machine', null], stateOf($app->keyseal->check()));
});

test('the limit is the state only without a file that still works', function () use ($app, $expiry, $DAY) {
    same(['limit-reached', null, '302'], stateOf($app([], ['file' => null, 'limitReached' => true])->keyseal->check()));
    $ended = $app([], ['limitReached' => true]);
    same('valid', $ended->state());
    $ended->now = $expiry + 7 * $DAY;
    same(['limit-reached', null, '302'], stateOf($ended->keyseal->check()));
});

test('a clock more than a day behind the highest time seen was set back', function () use ($app, $DAY) {
    $app = $app();
    $app->now += 3 * $DAY;
    same('valid', $app->state());
    $app->now -= $DAY;
    same('valid', $app->state());
    $app->now--;
    same(['clock-set-back', null, null], stateOf($app->keyseal->check()));
    $app->now++;
    same('valid', $app->state());
});

test('a check stores the time at most once an hour, and nothing else', function () use ($app) {
    $app = $app([], [], ['background' => false]);
    $app->now += 3_600_000;
    $app->keyseal->check();
    same(0, $app->storage->writes);
    $app->now++;
    $app->keyseal->check();
    $app->keyseal->check();
    same([1, $app->now], [$app->storage->writes, $app->storage->members()['highestTime']]);
    $app->storage->text = null;
    $app->now += 9_999_999;
    $app->keyseal->check();
    same(1, $app->storage->writes);
});

test('a check works with a storage that is read-only', function () use ($maker, $app, $DAY) {
    $text = $app()->storage->text;
    $readOnly = new class ($text) implements \Keyseal\V1\Storage {
        public function __construct(private ?string $text)
        {
        }

        public function read(): ?string
        {
            return $this->text;
        }

        public function write(string $text): void
        {
            throw new \RuntimeException('read-only');
        }
    };
    $app = new App($maker, ['storage' => $readOnly]);
    $app->now += 10 * $DAY;
    same('valid', $app->state());
    $app->keyseal->settle();
    throws(\RuntimeException::class, 'read-only', fn () => $app->keyseal->refresh());
});

test('has() uses the last check', function () use ($app, $expiry, $DAY) {
    $app = $app();
    same(true, $app->keyseal->has('pro'));
    $app->now = $expiry + 8 * $DAY;
    same(true, $app->keyseal->has('pro'));
    $app->keyseal->check();
    same(false, $app->keyseal->has('pro'));
});
