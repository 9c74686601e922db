<?php

/**
 * Answers one request as answer.json of its folder says. All members are optional:
 *
 *     code, fields     of the response
 *     file             what differs from the usual license file, which 2210, 2211 and 2212 bring; false: none
 *     proof            members that differ from the right proof; false: no proof
 *     now              when the answer is signed, in milliseconds
 *     signedWith       another key than "answers"
 *     status, headers  of HTTP
 *     raw              a body instead of an answer
 *     codes            the codes of the next answers, one after another
 *     drip             sends a piece of the body every 0.2 seconds, this many times
 */

declare(strict_types=1);

namespace Keyseal\Tests;

require __DIR__ . '/maker.php';

$folder = \getenv('FOLDER');
$maker = new Maker(\json_decode(\file_get_contents("$folder/keys.json"), true));
$wanted = \json_decode(\file_get_contents("$folder/answer.json"), true);
$request = ['path' => $_SERVER['REQUEST_URI'], 'headers' => \getallheaders(), 'fields' => $_POST];
\file_put_contents("$folder/requests.jsonl", \json_encode($request) . "\n", FILE_APPEND);

if (isset($wanted['codes'])) {
    $wanted['code'] = \array_shift($wanted['codes']);
    \file_put_contents("$folder/answer.json", \json_encode($wanted));
}

\http_response_code($wanted['status'] ?? 200);
\header('Content-Type: application/json');
\array_map(\header(...), $wanted['headers'] ?? []);
for ($piece = 0; $piece < ($wanted['drip'] ?? 0); $piece++) {
    echo ' ';
    \flush();
    \usleep(200_000);
}
echo $wanted['raw'] ?? answer($maker, $wanted, $_POST);

function answer(Maker $maker, array $wanted, array $fields): string
{
    $now = $wanted['now'] ?? Maker::ISSUED;
    $code = $wanted['code'] ?? 2210;
    $response = ['code' => $code, 'message' => 'A message'] + ($wanted['fields'] ?? []);
    $licenseKey = $fields['license_key'] ?? null;
    if (\in_array($code, [2210, 2211, 2212], true) && ($wanted['file'] ?? []) !== false) {
        $response['license_file'] = $maker->file(($wanted['file'] ?? []) + [
            'algorithm' => $fields['algorithm'],
            'encrypted' => $fields['encrypt'] === '1',
            'identifier' => $fields['identifier'],
            'licenseKey' => $licenseKey ?? $wanted['fields']['license_key'],
            'issued' => $now,
        ]);
    }
    $response['timestamp'] = \intdiv($now, 1000);
    if (($wanted['proof'] ?? []) !== false) {
        $proof = Maker::proof($fields['nonce'], $licenseKey, $fields['identifier']);
        $response['proof'] = ($wanted['proof'] ?? []) + $proof;
    }
    return $maker->answer($response, $wanted['signedWith'] ?? 'answers');
}
