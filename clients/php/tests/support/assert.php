<?php

/** A few functions for tests. A warning or a deprecation anywhere fails the test that caused it. */

declare(strict_types=1);

namespace Keyseal\Tests;

final class Results
{
    public static int $passed = 0;
    /** @var list<string> */
    public static array $failures = [];
    /** @var list<string> */
    public static array $skipped = [];
}

final class Failure extends \Exception
{
}

\error_reporting(E_ALL);
\set_error_handler(function (int $level, string $message, string $file, int $line): bool {
    if ((\error_reporting() & $level) === 0) {
        return false;
    }
    throw new \ErrorException($message, 0, $level, $file, $line);
});

/** @param callable(): void $body */
function test(string $name, callable $body): void
{
    try {
        $body();
        Results::$passed++;
    } catch (\Throwable $error) {
        $place = \basename($error->getFile()) . ":{$error->getLine()}";
        foreach ($error->getTrace() as $call) {
            if (\str_ends_with($call['file'] ?? '', '.test.php')) {
                $place = \basename($call['file']) . ":{$call['line']}";
                break;
            }
        }
        Results::$failures[] = "$name\n    $place: {$error->getMessage()}";
    }
}

function skip(string $name, string $reason): void
{
    Results::$skipped[] = "$name ($reason)";
}

function same(mixed $expected, mixed $actual, string $about = ''): void
{
    if ($expected !== $actual) {
        $about = $about === '' ? '' : "$about: ";
        throw new Failure($about . 'expected ' . \var_export($expected, true) . ', got ' . \var_export($actual, true));
    }
}

/** @param class-string<\Throwable> $class */
function throws(string $class, string $message, callable $body): void
{
    try {
        $body();
    } catch (\Throwable $error) {
        same($class, $error::class, $error->getMessage());
        same(true, \str_contains($error->getMessage(), $message), $error->getMessage());
        return;
    }
    throw new Failure("expected a $class");
}
