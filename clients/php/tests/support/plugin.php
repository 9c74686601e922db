<?php

/**
 * A WordPress plugin. The functions of WordPress that the client calls are replaced by short ones that take the
 * same parameters and return the same types.
 */

declare(strict_types=1);

use Keyseal\Tests\Maker;
use Keyseal\V1\DomainDevice;
use Keyseal\V1\Keyseal;
use Keyseal\V1\WordPressStorage;

final class Options
{
    /** @var array<string, string> */
    public static array $values = ['home' => 'https://www.example.com/blog'];
    /** @var array<string, bool> */
    public static array $autoload = [];
}

function get_option(string $name, mixed $default = false): mixed
{
    return Options::$values[$name] ?? $default;
}

function update_option(string $name, string $value, bool $autoload): bool
{
    $isChanged = (Options::$values[$name] ?? null) !== $value;
    Options::$values[$name] = $value;
    Options::$autoload[$name] = $autoload;
    return $isChanged;
}

function wp_cache_delete(string $name, string $group): bool
{
    return $group === 'options';
}

function wp_remote_post(string $url, array $arguments): array
{
    ['headers' => $headers, 'redirection' => $redirects, 'timeout' => $timeout] = $arguments;
    if ([$redirects, $timeout, $arguments['limit_response_size']] !== [0, 10.0, 1_000_001]) {
        throw new LogicException('other arguments');
    }
    $lines = array_map(fn (string $name) => "$name: $headers[$name]", array_keys($headers));
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => [...$lines, "User-Agent: {$arguments['user-agent']}"],
        'content' => $arguments['body'],
    ]]);
    return ['headers' => [], 'body' => file_get_contents($url, false, $context)];
}

function is_wp_error(mixed $thing): bool
{
    return $thing instanceof Exception;
}

function wp_remote_retrieve_header(array $response, string $name): string
{
    return $response['headers'][$name] ?? '';
}

function wp_remote_retrieve_body(array $response): string
{
    return $response['body'];
}

require __DIR__ . '/maker.php';
require __DIR__ . '/../../keyseal.php';

[, $server, $fileKey, $answerKey] = $argv;
$license = fn () => new Keyseal([
    'server' => $server,
    'apiKey' => 'a-test-api-key',
    'productId' => Maker::PRODUCT_ID,
    'fileKeys' => [$fileKey],
    'answerKeys' => [$answerKey],
    'storage' => new WordPressStorage('my_plugin_license'),
    'device' => new DomainDevice(),
    'clock' => fn () => Maker::ISSUED,
]);
echo $license()->activate(Maker::KEY)->state, "\n", $license()->check()->state, "\n";
echo (new DomainDevice())->identifier(), "\n";
(new WordPressStorage('my_plugin_license'))->write(Options::$values['my_plugin_license']);
echo Options::$autoload === ['my_plugin_license' => false] ? "autoload off\n" : "autoload on\n";
