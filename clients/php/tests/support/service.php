<?php

/** A server on this machine that answers as a test wants (server.php), and notes what it was asked. */

declare(strict_types=1);

namespace Keyseal\Tests;

final class Service
{
    public readonly string $folder;
    public readonly string $origin;
    /** @var resource */
    private $process;

    public function __construct(public readonly Maker $maker)
    {
        $this->folder = newFolder();
        \file_put_contents("$this->folder/keys.json", \json_encode($maker->secrets));
        $address = freeAddress();
        $this->origin = "http://$address";
        $log = ['file', "$this->folder/server.log", 'a'];
        $command = [PHP_BINARY, '-S', $address, __DIR__ . '/server.php'];
        $environment = ['FOLDER' => $this->folder] + \getenv();
        $this->process = \proc_open($command, [1 => $log, 2 => $log], $pipes, $this->folder, $environment);
        \register_shutdown_function($this->stop(...));
        $this->waitUntilReady($address);
    }

    /** @param array<string, mixed> $answer see server.php */
    public function answers(array $answer): void
    {
        \file_put_contents("$this->folder/answer.json", \json_encode($answer));
        @\unlink("$this->folder/requests.jsonl");
    }

    /** @return list<array<string, mixed>> the requests since answers() */
    public function requests(): array
    {
        $lines = @\file("$this->folder/requests.jsonl", FILE_IGNORE_NEW_LINES) ?: [];
        return \array_map(fn (string $line) => \json_decode($line, true), $lines);
    }

    public function stop(): void
    {
        if (\is_resource($this->process)) {
            \proc_terminate($this->process);
            \proc_close($this->process);
            removeFolder($this->folder);
        }
    }

    private function waitUntilReady(string $address): void
    {
        for ($tries = 0; $tries < 200; $tries++) {
            $connection = @\stream_socket_client("tcp://$address");
            if ($connection !== false) {
                \fclose($connection);
                return;
            }
            \usleep(50_000);
        }
        $log = \file_get_contents("$this->folder/server.log");
        throw new \RuntimeException("The test server does not start: $log");
    }
}

function freeAddress(): string
{
    $server = \stream_socket_server('tcp://127.0.0.1:0');
    $address = \stream_socket_get_name($server, false);
    \fclose($server);
    return $address;
}

function newFolder(): string
{
    $folder = \sys_get_temp_dir() . '/keyseal-php-' . \bin2hex(\random_bytes(6));
    \mkdir($folder);
    return $folder;
}

function removeFolder(string $folder): void
{
    foreach (\scandir($folder) ?: [] as $name) {
        if ($name !== '.' && $name !== '..') {
            \is_dir("$folder/$name") ? removeFolder("$folder/$name") : \unlink("$folder/$name");
        }
    }
    \rmdir($folder);
}

/**
 * Runs a PHP program.
 *
 * @param list<string> $parameters of php: flags, the path, arguments
 * @param array<string, string> $environment in addition to that of this process
 * @return array{int, string} the exit code and the output
 */
function runPhp(array $parameters, string $input = '', array $environment = []): array
{
    $pipes = [];
    $streams = [['pipe', 'r'], ['pipe', 'w'], ['redirect', 1]];
    $process = \proc_open([PHP_BINARY, ...$parameters], $streams, $pipes, null, $environment + \getenv());
    \fwrite($pipes[0], $input);
    \fclose($pipes[0]);
    $output = \stream_get_contents($pipes[1]);
    return [\proc_close($process), $output];
}
