<?php

/** Refreshes in the background: when they are due, and how long they wait after a failure. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\StoredLicense;

$maker = Maker::withNewKeys();
$service = new Service($maker);
$DAY = Maker::DAY;
$MINUTE = 60_000;

$app = function (array $answer = [], array $options = []) use ($maker, $service): App {
    $service->answers($answer);
    return new App($maker, $options, $service->origin);
};
/** How many requests check() leads to. */
$asked = function (App $app) use ($service): int {
    $before = \count($service->requests());
    $app->keyseal->check();
    same($before, \count($service->requests()), 'requests before check() returned');
    $app->keyseal->settle();
    return \count($service->requests()) - $before;
};

test('a file is refreshed after about a third of its time', function () use ($app, $DAY) {
    $earliest = $latest = 14 * $DAY / 3;
    for ($round = 0; $round < 30; $round++) {
        $fresh = $app();
        $fresh->keyseal->activate(Maker::KEY);
        $after = $fresh->storage->members()['refreshAt'] - Maker::ISSUED;
        [$earliest, $latest] = [\min($earliest, $after), \max($latest, $after)];
    }
    same(true, $earliest >= 14 * $DAY / 3 * 0.9 - 1 && $latest <= 14 * $DAY / 3 * 1.1);
    same(true, $latest - $earliest > $DAY / 4, 'at different times');
});

test('check() wants a refresh when it is due, and does not wait for it', function () use ($app, $asked, $DAY) {
    $app = $app(['now' => Maker::ISSUED + 4 * $DAY])->store();
    same(0, $asked($app));
    $app->now += 4 * $DAY - 1;
    same(0, $asked($app));
    $app->now++;
    same(1, $asked($app));
    same([0, 0], [$asked($app), $app->storage->members()['failures']]);
});

test('several checks lead to one refresh', function () use ($app, $service, $DAY) {
    $app = $app()->store();
    $app->now += 4 * $DAY;
    $app->keyseal->check();
    $app->keyseal->check();
    $app->keyseal->settle();
    $app->keyseal->settle();
    same(1, \count($service->requests()));
});

test('nothing is asked without a license key', function () use ($app, $asked) {
    same(0, $asked($app()));
});

test('with background: false, check() wants no refresh', function () use ($app, $asked, $service, $DAY) {
    $app = $app([], ['background' => false])->store();
    $app->now += 20 * $DAY;
    same(0, $asked($app));
    $app->keyseal->refresh();
    same(1, \count($service->requests()));
});

foreach (['grace' => 15, 'expired' => 30, 'clock-set-back' => -2] as $state => $days) {
    test("in the state $state, a refresh is due immediately", function () use ($app, $asked, $state, $days, $DAY) {
        $app = $app()->store();
        $app->now += $days * $DAY;
        same([$state, 1], [$app->state(), $asked($app)]);
    });
}

test('a damaged file is replaced by the next refresh', function () use ($app, $asked) {
    $app = $app()->store(['signedWith' => 'other']);
    same(['tampered', 1, 'valid'], [$app->state(), $asked($app), $app->state()]);
});

test('a clock that once ran ahead is forgiven with the next file', function () use ($app, $asked, $DAY) {
    $app = $app()->store([], ['highestTime' => Maker::ISSUED + 90 * $DAY]);
    same(['clock-set-back', 1, 'valid'], [$app->state(), $asked($app), $app->state()]);
});

test('the clock of the device decides, also about a file that the server just sent', function () use ($app, $DAY) {
    $behind = $app(['now' => Maker::ISSUED + 5 * $DAY]);
    same('clock-set-back', $behind->keyseal->activate(Maker::KEY)->state);
    $behind->now += 5 * $DAY;
    same('valid', $behind->state());
    $ahead = $app();
    $ahead->now += 60 * $DAY;
    same('expired', $ahead->keyseal->activate(Maker::KEY)->state);
    $ahead->now -= 60 * $DAY;
    same('valid', $ahead->state());
});

test('each failure doubles the wait, up to 6 hours', function () use ($MINUTE) {
    for ($failures = 1; $failures <= 30; $failures++) {
        $stored = new StoredLicense();
        $stored->failures = $failures - 1;
        $stored->postponeRefresh(Maker::ISSUED);
        $wait = $stored->nextAttemptAt - Maker::ISSUED;
        $middle = \min(360 * $MINUTE, $MINUTE * 2 ** $failures);
        same(true, $wait >= $middle / 2 && $wait <= $middle * 1.5, "$failures failures: $wait");
    }
});

test('the next attempt is stored before the request is sent', function () use ($app, $service, $maker, $asked, $DAY) {
    $app = $app(['status' => 503, 'raw' => ''])->store();
    $app->now += 5 * $DAY;
    same(1, $asked($app));
    // Another process, which reads the same storage.
    $other = new App($maker, ['storage' => $app->storage], $service->origin);
    $other->now = $app->now;
    same([0, 'valid'], [$asked($other), $other->state()]);
    same(1, $app->storage->members()['failures']);
    $app->now = $app->storage->members()['nextAttemptAt'] - 1;
    same(0, $asked($app));
    $app->now++;
    same([1, 2], [$asked($app), $app->storage->members()['failures']]);
});

test('a refresh that another process made is not repeated', function () use ($app, $service, $maker, $DAY) {
    $app = $app(['now' => Maker::ISSUED + 5 * $DAY])->store();
    $app->now += 5 * $DAY;
    $other = new App($maker, ['storage' => $app->storage], $service->origin);
    $other->now = $app->now;
    $app->keyseal->check();
    $other->keyseal->check();
    $app->keyseal->settle();
    $other->keyseal->settle();
    same(1, \count($service->requests()));
});

$headers = [['Retry-After: 7200', 7_200_000], ['retry-after: 9999999999999999', $DAY], ['Retry-After: soon', 0]];
foreach ($headers as [$header, $least]) {
    test("$header is kept for a day at most", function () use ($app, $asked, $header, $least, $DAY) {
        $app = $app(['code' => 2429, 'status' => 429, 'headers' => [$header]])->store();
        $app->now += 5 * $DAY;
        same(1, $asked($app));
        $wait = $app->storage->members()['nextAttemptAt'] - $app->now;
        same(true, $wait >= $least && $wait <= \max($least, 180_000), "waits $wait");
    });
}

test('Retry-After may be a date', function () use ($app, $asked, $DAY) {
    $date = \gmdate('D, d M Y H:i:s', \time() + 7200) . ' GMT';
    $app = $app(['status' => 503, 'raw' => '', 'headers' => ["Retry-After: $date"]])->store();
    $app->now += 5 * $DAY;
    same(1, $asked($app));
    $wait = $app->storage->members()['nextAttemptAt'] - $app->now;
    same(true, $wait > 7_100_000 && $wait <= 7_200_000, "waits $wait");
});

test('a refused license is asked for again, less and less often', function () use ($app, $asked) {
    $app = $app(['code' => 204])->store();
    $app->keyseal->refresh();
    same(0, $asked($app));
    $app->now += 400_000;
    same([1, 2], [$asked($app), $app->storage->members()['failures']]);
});

test('a wait from a clock that ran ahead does not count', function () use ($app, $asked, $DAY) {
    $app = $app()->store(['signedWith' => 'other'], ['nextAttemptAt' => Maker::ISSUED + 90 * $DAY]);
    same(1, $asked($app));
});

test('the refresh runs after the page and after the shutdown functions of others', function () use ($service, $maker) {
    $service->answers([]);
    $folder = newFolder();
    \file_put_contents("$folder/license.json", (new App($maker))->store(['signedWith' => 'other'])->storage->text);
    $page = [
        ...[__DIR__ . '/support/page.php', $service->origin, $folder, $maker->hex('ed25519'), $maker->pem('answers')],
        "$service->folder/requests.jsonl",
    ];
    same([0, "tampered, asked 0 times\nshutdown of the app, asked 0 times\n"], runPhp($page));
    same(1, \count($service->requests()));
    same([0, "valid, asked 1 times\nshutdown of the app, asked 1 times\n"], runPhp($page));
    same(1, \count($service->requests()));
    removeFolder($folder);
});
