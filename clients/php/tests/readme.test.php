<?php

/** README.md: its programs are valid, and the first one runs. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\Options;
use Keyseal\V1\Status;

$maker = Maker::withNewKeys();
$service = new Service($maker);
$readme = \file_get_contents(__DIR__ . '/../README.md');
\preg_match_all('/^```php\n(.*?)^```$/ms', $readme, $matches);
$programs = $matches[1];

test('every program in the README is valid PHP', function () use ($programs) {
    same(true, \count($programs) > 1);
    foreach ($programs as $program) {
        \token_get_all(\str_starts_with($program, '<?php') ? $program : "<?php\n$program", TOKEN_PARSE);
    }
});

test('the first program in the README activates a license once', function () use ($programs, $maker, $service) {
    $folder = newFolder();
    \copy(__DIR__ . '/../keyseal.php', "$folder/keyseal.php");
    \file_put_contents("$folder/app.php", $programs[0]);
    // The members that `keyseal app-settings` prints.
    \file_put_contents("$folder/keyseal.json", \json_encode([
        'server' => $service->origin,
        'productId' => Maker::PRODUCT_ID,
        'algorithm' => 'ed25519',
        'fileKeys' => [$maker->hex('ed25519')],
        'answerKeys' => [\trim($maker->pem('answers'))],
    ]));
    $service->answers(['now' => (int) (\microtime(true) * 1000)]);
    $run = fn (string $input) => runPhp(["$folder/app.php"], $input, ['XDG_CONFIG_HOME' => "$folder/config"]);
    same([0, "License key: Licensed, with pro, export\n"], $run(Maker::KEY . "\n"));
    same([0, "Licensed, with pro, export\n"], $run(''));
    same(1, \count($service->requests()));
    removeFolder($folder);
});

test('the README explains every option', function () use ($readme) {
    try {
        new Options(['unknown' => 1]);
    } catch (\InvalidArgumentException $error) {
        \preg_match('/Options: (.+)\.$/', $error->getMessage(), $match);
        foreach (\explode(', ', $match[1]) as $name) {
            same(true, \str_contains($readme, "| `$name` |"), $name);
        }
    }
});

test('the README explains every state and reason', function () use ($readme) {
    $comment = (string) (new \ReflectionMethod(Status::class, '__construct'))->getDocComment();
    \preg_match_all('/\$(?:state|reason) ([a-z-]+(?: \|[\s*]+[a-z-]+)+)/', $comment, $matches);
    $names = \preg_split('/ \|[\s*]+/', \implode(' | ', $matches[1]));
    same(14, \count($names));
    foreach ($names as $name) {
        same(true, \str_contains($readme, "| `$name` |"), $name);
    }
});
