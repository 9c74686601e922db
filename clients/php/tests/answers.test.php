<?php

/** Signed answers: readAnswer accepts only the answer to the app's own request. */

declare(strict_types=1);

namespace Keyseal\Tests;

use function Keyseal\V1\readAnswer;

$maker = Maker::withNewKeys();
$nonce = \str_repeat('5a', 16);
$options = ['answerKeys' => [$maker->pem('answers'), $maker->pem('answers-ed25519')], 'productId' => Maker::PRODUCT_ID];

/** The code of an answer, "none" if it is not accepted. */
$read = function (string $body, ?string $key = Maker::KEY, ?string $device = Maker::IDENTIFIER) use ($nonce, $options) {
    $response = readAnswer($body, $nonce, $key, $device, $options);
    return $response === null ? 'none' : (string) $response['code'];
};
$respond = fn (array $proof = [], array $change = []) => $change + [
    'code' => 204,
    'message' => 'License key blocked',
    'timestamp' => 1_795_867_200,
    'proof' => $proof + Maker::proof($nonce),
];
$answer = fn (array $proof = [], array $change = [], string $key = 'answers') =>
    $maker->answer($respond($proof, $change), $key);

test('an answer to this request is accepted, signed by RSA or Ed25519', function () use ($read, $answer) {
    same('204', $read($answer()));
    same('204', $read($answer([], [], 'answers-ed25519')));
    same('400', $read($answer([], ['code' => '400'])));
});

test('white space around the license key and the identifier does not count', function () use ($read, $answer) {
    same('204', $read($answer(), "\u{3000}" . Maker::KEY . "\n", ' ' . Maker::IDENTIFIER));
});

test('a recorded answer to another request is not accepted', function () use ($read, $answer) {
    same('none', $read($answer(['nonce' => \str_repeat('5b', 16)])));
    same('none', $read($answer(['nonce' => null])));
});

test('an answer about another license key is not accepted', function () use ($read, $answer) {
    same('none', $read($answer(['license_key_sha256' => \hash('sha256', 'DEMO-OTHER')])));
    same('none', $read($answer(['license_key_sha256' => null])));
    same('none', $read($answer(), null));
    same('204', $read($answer(['license_key_sha256' => null]), null));
});

test('an answer about another device is not accepted', function () use ($read, $answer) {
    same('none', $read($answer(['identifier' => 'device-2'])));
    same('none', $read($answer(['identifier' => null])));
    same('204', $read($answer(['identifier' => null]), Maker::KEY, null));
});

test('an answer about another product is not accepted', function () use ($read, $answer) {
    same('none', $read($answer(['product_id' => 8])));
    same('none', $read($answer(['product_id' => '7'])));
    same('204', $read($answer(['product_id' => null])));
});

test('an answer without a proof is not accepted', function () use ($read, $answer) {
    same('none', $read($answer([], ['proof' => null])));
    same('none', $read($answer([], ['proof' => []])));
    same('none', $read($answer([], ['proof' => 'yes'])));
});

test('an answer without a code or a time is not accepted', function () use ($read, $answer) {
    same('none', $read($answer([], ['code' => null])));
    same('none', $read($answer([], ['timestamp' => null])));
    same('none', $read($answer([], ['timestamp' => '2026-11-28'])));
});

test('an answer signed by an unknown key is not accepted', function () use ($read, $answer) {
    same('none', $read($answer([], [], 'other-answers')));
    same('none', $read($answer([], [], 'other')));
});

test('only the signed text counts, not the response beside it', function () use ($read, $answer) {
    same('204', $read(\str_replace('"response":{"code":204', '"response":{"code":2210', $answer())));
});

test('an answer with a changed signed text or signature is not accepted', function () use ($read, $answer) {
    $envelope = \json_decode($answer(), true);
    $changed = \base64_encode(\str_replace('204', '210', \base64_decode($envelope['response_base64'])));
    same('none', $read(\json_encode(['response_base64' => $changed] + $envelope)));
    same('none', $read(\json_encode(['response_base64' => $envelope['response_base64'] . "\n"] + $envelope)));
    same('none', $read(\json_encode(['signature' => 'Private key not set'] + $envelope)));
    same('none', $read(\json_encode(['signature' => ''] + $envelope)));
    same('none', $read(\json_encode(['signature' => [1]] + $envelope)));
});

test('a body that is no answer is not accepted', function () use ($read, $answer) {
    $bodies = ['', '<html>Log in</html>', 'null', '[]', '{"response":{"code":204}}', \substr($answer(), 0, -20)];
    foreach ($bodies as $body) {
        same('none', $read($body), $body);
    }
    same('none', $read($answer() . \str_repeat(' ', 1_000_000)));
});
