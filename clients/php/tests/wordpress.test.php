<?php

/** The file in WordPress, and in a site where two plugins carry it. Each test runs in a process of its own. */

declare(strict_types=1);

namespace Keyseal\Tests;

$maker = Maker::withNewKeys();
$service = new Service($maker);

test('a plugin stores its license in an option and asks through WordPress', function () use ($maker, $service) {
    $service->answers([]);
    [$status, $output] = runPhp(
        [__DIR__ . '/support/plugin.php', $service->origin, $maker->hex('ed25519'), $maker->pem('answers')],
    );
    same([0, "valid\nvalid\nexample.com\nautoload off\n"], [$status, $output]);
    [$request] = $service->requests();
    same('example.com', $request['fields']['identifier']);
    same('keyseal-php/' . \Keyseal\V1\Keyseal::VERSION, $request['headers']['User-Agent']);
});

test('two plugins may carry the file, also with OPcache', function () {
    $folder = newFolder();
    foreach (['one', 'two'] as $plugin) {
        \mkdir("$folder/$plugin");
        \copy(__DIR__ . '/../keyseal.php', "$folder/$plugin/keyseal.php");
    }
    $flags = ['-d', 'opcache.enable_cli=1', '-d', 'opcache.file_update_protection=0', '-d', 'error_reporting=-1'];
    same([0, "loaded\n"], runPhp(
        [...$flags, __DIR__ . '/support/twice.php', "$folder/one/keyseal.php", "$folder/two/keyseal.php"],
    ));
    removeFolder($folder);
});
