<?php

/**
 * Runs the PHP client for the tests that all clients share: reads a command as a line of JSON from its input, and
 * writes its result as a line of JSON.
 */

declare(strict_types=1);

use Keyseal\V1\Device;
use Keyseal\V1\FileStorage;
use Keyseal\V1\Keyseal;
use Keyseal\V1\Status;

use function Keyseal\V1\readAnswer;
use function Keyseal\V1\verifyFile;

require __DIR__ . '/../../../../clients/php/keyseal.php';

set_error_handler(function (int $level, string $message, string $file, int $line): bool {
    return (error_reporting() & $level) !== 0 ? throw new ErrorException($message, 0, $level, $file, $line) : false;
});

final class Driver
{
    private ?Keyseal $keyseal = null;
    /** Milliseconds; null: the real clock. */
    private ?int $now = null;

    /**
     * @param array<string, mixed> $command
     * @return array<string, mixed>
     */
    public function run(array $command): array
    {
        return match ($command['do']) {
            'new' => $this->create($command),
            'clock' => $this->setClock($command['now'] ?? null),
            'activate' => self::result($this->app()->activate($command['key'])),
            'check' => self::result($this->app()->check()),
            'refresh' => self::result($this->app()->refresh()),
            'deactivate' => self::result($this->app()->deactivate()),
            'startTrial' => self::result($this->app()->startTrial()),
            'has' => ['has' => $this->app()->has($command['feature'])],
            'offlineRequest' => $this->app()->offlineRequest($command['key']),
            'acceptFile' => self::result($this->app()->acceptFile($command['text'])),
            'settle' => $this->settle(),
            'verifyFile' => self::verifyFile($command),
            'readAnswer' => self::readAnswer($command),
        };
    }

    private function app(): Keyseal
    {
        return $this->keyseal ?? throw new LogicException('The first command must be "new".');
    }

    private function create(array $command): array
    {
        $this->setClock($command['now'] ?? null);
        $folder = $command['folder'];
        $this->keyseal = new Keyseal($command['options'] + [
            'storage' => new FileStorage("$folder/license.json"),
            'device' => $command['identifier'] ?? new Device(new FileStorage("$folder/device.json")),
            'clock' => fn () => $this->now ?? microtime(true) * 1000,
        ]);
        return [];
    }

    private function setClock(?string $iso): array
    {
        $this->now = $iso === null ? null : self::milliseconds($iso);
        return [];
    }

    private function settle(): array
    {
        $this->app()->settle();
        return [];
    }

    private static function verifyFile(array $command): array
    {
        $now = isset($command['now']) ? self::milliseconds($command['now']) : null;
        $file = verifyFile($command['file'], $command['licenseKey'], $command['identifier'], $command['options'], $now);
        // A file that is not in force yet says nothing.
        $contents = $file->verdict === 'clock-set-back' ? null : $file->contents;
        return ['verdict' => $file->verdict] + ($contents === null ? [] : [
            'features' => $contents->features,
            'expiresAt' => $contents->expiresAt === null ? null : self::iso($contents->expiresAt),
            'expiry' => self::iso($contents->expiry),
        ]);
    }

    private static function readAnswer(array $command): array
    {
        $response = readAnswer(
            $command['body'],
            $command['nonce'],
            $command['licenseKey'] ?? null,
            $command['identifier'] ?? null,
            $command['options'],
        );
        return $response === null ? ['accepted' => false] : ['accepted' => true, 'code' => (string) $response['code']];
    }

    private static function result(Status $status): array
    {
        $expiresAt = $status->expiresAt?->format('Y-m-d\TH:i:s.v\Z');
        return array_replace(get_object_vars($status), ['expiresAt' => $expiresAt]);
    }

    private static function milliseconds(string $iso): int
    {
        return (int) (new DateTimeImmutable($iso))->format('Uv');
    }

    private static function iso(int $milliseconds): string
    {
        return gmdate('Y-m-d\TH:i:s', intdiv($milliseconds, 1000)) . sprintf('.%03dZ', $milliseconds % 1000);
    }
}

$driver = new Driver();
while (($line = fgets(STDIN)) !== false) {
    try {
        $result = $driver->run(json_decode($line, true, 32, JSON_THROW_ON_ERROR));
    } catch (Throwable $error) {
        $result = ['error' => $error->getMessage()];
    }
    // An empty result is an object too.
    echo json_encode((object) $result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES), "\n";
}
