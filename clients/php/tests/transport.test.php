<?php

/** HTTP: each way of sending a request reads the same answer, and none follows redirects or waits for long. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\Http;

$service = new Service(Maker::withNewKeys());
$ways = ['streams' => Http::withStream(...)];
if (\extension_loaded('curl')) {
    $ways['curl'] = Http::withCurl(...);
} else {
    skip('curl', 'this PHP has no curl');
}

foreach ($ways as $way => $send) {
    $post = function (array $answer, float $timeout = 10.0) use ($service, $send): ?array {
        $service->answers($answer);
        return $send("$service->origin/api/v1/verify", 'a=1&b=%C3%A4+%26', 'a-test-api-key', $timeout);
    };

    test("with $way, a form is sent and the answer read, whatever its status", function () use ($post, $service) {
        foreach ([200, 401, 422, 429, 503] as $status) {
            same(['body' => 'text', 'retryAfter' => null], $post(['status' => $status, 'raw' => 'text']));
        }
        [$request] = $service->requests();
        same(['/api/v1/verify', ['a' => '1', 'b' => 'ä &']], [$request['path'], $request['fields']]);
        same('Bearer a-test-api-key', $request['headers']['Authorization']);
        same('keyseal-php/' . \Keyseal\V1\Keyseal::VERSION, $request['headers']['User-Agent']);
    });

    test("with $way, Retry-After is read", function () use ($post) {
        same('120', $post(['raw' => '', 'headers' => ['Retry-After: 120']])['retryAfter'] ?? null);
    });

    test("with $way, a redirect is not followed", function () use ($post, $service) {
        $post(['status' => 302, 'headers' => ["Location: $service->origin/elsewhere"], 'raw' => '']);
        same(1, \count($service->requests()));
    });

    test("with $way, a body is read up to its limit", function () use ($post) {
        $length = \strlen($post(['raw' => \str_repeat('x', 3_000_000)])['body'] ?? '');
        same(true, $length > Http::ANSWER_BYTES_MAX && $length < 1_100_000, (string) $length);
    });

    test("with $way, a body that comes in drops is given up in time", function () use ($post) {
        $start = \microtime(true);
        same(null, $post(['drip' => 10, 'raw' => 'end'], 0.7));
        same(true, \microtime(true) - $start < 1.5);
    });

    test("with $way, no server is no answer", function () use ($send) {
        same(null, $send('http://' . freeAddress() . '/', '', 'key', 1.0));
        same(null, $send('http://keyseal.invalid/', '', 'key', 1.0));
    });
}
