<?php

/** Options: a wrong one is named when the object is made. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\Keyseal;

$maker = Maker::withNewKeys();
$weak = (new Maker(['weak' => Maker::rsa(1024)]))->pem('weak');

$wrong = [
    'server' => [null, '', 'example.com', 'ftp://example.com', 'https://example.com/path', 'https://me@example.com', 7],
    'apiKey' => [null, '', "key\r\nX-Other: 1", 'a key', 7],
    'productId' => [null, 0, -1, '7', 1.5],
    'fileKeys' => [null, [], 'text', ['no key'], [7], [\str_repeat('g', 64)], [$weak], [$maker->pem('rsa-sha256')]],
    'answerKeys' => [null, [], ['no key'], [$weak], [$maker->secrets['answers']], ['file:///etc/hostname']],
    'algorithm' => ['none', 'rsa', 7],
    'encrypt' => ['yes', 1],
    'graceDays' => [-1, '7', NAN, INF],
    'fileDays' => [0, -1, '14'],
    'storage' => ['/tmp/license.json', new \stdClass()],
    'device' => ['', " \u{a0}", 7, new \stdClass()],
    'clock' => ['no function', 7],
    'allowAnyMachine' => ['yes', 0],
    'background' => ['no', 0],
];
foreach ($wrong as $name => $values) {
    test("a wrong $name is named", function () use ($maker, $name, $values) {
        foreach ($values as $value) {
            throws(\InvalidArgumentException::class, "The option $name ", fn () => new App($maker, [$name => $value]));
        }
    });
}

test('an unknown option is named', function () use ($maker) {
    $create = fn () => new App($maker, ['graceDay' => 3]);
    throws(\InvalidArgumentException::class, 'The option graceDay is unknown', $create);
});

test('a missing option is named', function () {
    throws(\InvalidArgumentException::class, 'The option server ', fn () => new Keyseal([]));
});

test('no message holds the API key', function () use ($maker) {
    try {
        new App($maker, ['apiKey' => "secret\n"]);
    } catch (\InvalidArgumentException $error) {
        same(false, \str_contains($error->getMessage(), 'secret'));
    }
});

test('options that are null have their defaults', function () use ($maker) {
    $names = ['algorithm', 'encrypt', 'graceDays', 'fileDays', 'clock', 'allowAnyMachine', 'background'];
    $none = \array_fill_keys($names, null);
    same('unlicensed', (new App($maker, $none))->state());
});

test('by default, the files of an app are in the folder of the user', function () use ($maker) {
    $folder = newFolder();
    $before = \getenv('XDG_CONFIG_HOME');
    \putenv("XDG_CONFIG_HOME=$folder");
    $app = new App($maker, ['storage' => null, 'device' => null], 'http://127.0.0.1:1');
    $app->keyseal->offlineRequest(Maker::KEY);
    \putenv($before === false ? 'XDG_CONFIG_HOME' : "XDG_CONFIG_HOME=$before");
    same(['127.0.0.1_1-7-device.json', '127.0.0.1_1-7.json'], \array_slice(\scandir("$folder/keyseal"), 2));
    removeFolder($folder);
});
