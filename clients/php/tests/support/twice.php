<?php

/** Loads two copies of the client, each twice. */

declare(strict_types=1);

[, $one, $two] = $argv;
require $one;
require $two;
require $one;
require_once $two;
echo class_exists(Keyseal\V1\Keyseal::class, false) ? 'loaded' : 'missing', "\n";
