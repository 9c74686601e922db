<?php

/** An app with the client: its storage in memory and its clock, which a test sets. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\Keyseal;
use Keyseal\V1\Status;
use Keyseal\V1\Storage;

final class MemoryStorage implements Storage
{
    public ?string $text = null;
    public int $writes = 0;

    public function read(): ?string
    {
        return $this->text;
    }

    public function write(string $text): void
    {
        $this->text = $text;
        $this->writes++;
    }

    /** @return array<string, mixed> */
    public function members(): array
    {
        return \json_decode($this->text ?? '[]', true);
    }

    /** @param array<string, mixed> $members */
    public function change(array $members): void
    {
        $this->text = \json_encode($members + $this->members() + ['version' => 1]);
    }
}

final class App
{
    public MemoryStorage $storage;
    public int $now = Maker::ISSUED;
    public Keyseal $keyseal;

    /** @param array<string, mixed> $options that differ from the usual ones */
    public function __construct(
        public readonly Maker $maker,
        array $options = [],
        string $server = 'http://127.0.0.1:1',
    ) {
        $this->storage = new MemoryStorage();
        $this->keyseal = new Keyseal($options + [
            'server' => $server,
            'apiKey' => 'a-test-api-key',
            'productId' => Maker::PRODUCT_ID,
            'fileKeys' => [$maker->hex('ed25519')],
            'answerKeys' => [$maker->pem('answers')],
            'storage' => $this->storage,
            'device' => Maker::IDENTIFIER,
            'clock' => fn () => $this->now,
        ]);
    }

    /** @param array<string, mixed> $file that differs from the usual one */
    public function store(array $file = [], array $members = []): self
    {
        $this->storage->change($members + [
            'licenseKey' => Maker::KEY,
            'file' => $this->maker->file($file),
            'highestTime' => Maker::ISSUED,
            'refreshAt' => Maker::ISSUED + 4 * Maker::DAY,
        ]);
        return $this;
    }

    public function state(): string
    {
        return $this->keyseal->check()->state;
    }
}

/** @return array{string, ?string, ?string} */
function stateOf(Status $status): array
{
    return [$status->state, $status->reason, $status->code];
}
