<?php

/** Runs the tests of the client: php clients/php/tests/run.php [part of a file's name] */

declare(strict_types=1);

namespace Keyseal\Tests;

require __DIR__ . '/support/assert.php';
require __DIR__ . '/../keyseal.php';
require __DIR__ . '/support/maker.php';
require __DIR__ . '/support/service.php';
require __DIR__ . '/support/app.php';

foreach (\glob(__DIR__ . '/*' . ($argv[1] ?? '') . '*.test.php') ?: [] as $file) {
    require $file;
}

foreach (Results::$failures as $failure) {
    echo "FAILED $failure\n";
}
foreach (Results::$skipped as $skipped) {
    echo "Skipped $skipped\n";
}
echo Results::$passed, ' passed, ', \count(Results::$failures), " failed\n";
exit(Results::$failures === [] && Results::$passed > 0 ? 0 : 1);
