<?php

/** A page that checks the license. It prints how often the server was asked at each moment. */

declare(strict_types=1);

use Keyseal\Tests\Maker;
use Keyseal\V1\FileStorage;
use Keyseal\V1\Keyseal;

require __DIR__ . '/maker.php';
require __DIR__ . '/../../keyseal.php';

[, $server, $folder, $fileKey, $answerKey, $requests] = $argv;
$asked = fn () => 'asked ' . count(@file($requests) ?: []) . " times\n";
$keyseal = new Keyseal([
    'server' => $server,
    'apiKey' => 'a-test-api-key',
    'productId' => Maker::PRODUCT_ID,
    'fileKeys' => [$fileKey],
    'answerKeys' => [$answerKey],
    'storage' => new FileStorage("$folder/license.json"),
    'device' => Maker::IDENTIFIER,
    'clock' => fn () => Maker::ISSUED,
]);
echo $keyseal->check()->state, ', ', $asked();
register_shutdown_function(function () use ($asked): void {
    echo 'shutdown of the app, ', $asked();
});
