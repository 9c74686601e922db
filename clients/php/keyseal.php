<?php

/**
 * Keyseal: licenses for software in PHP 8.1 or later, such as WordPress plugins.
 *
 * Copy this one file, or install it with Composer. It needs the extensions sodium, openssl and json.
 * README.md shows how to use it.
 *
 *     1. Keyseal           what an app calls
 *     2. Status, decide    the states, and how they follow from what is stored
 *     3. Options           checked when a Keyseal object is made
 *     4. verifyFile        license files
 *     5. readAnswer        signed answers, and the requests that bring them
 *     6. Storage           FileStorage, WordPressStorage
 *     7. DeviceIdentifier  Device, DomainDevice
 *     8. PublicKey, and functions for text and time
 */

declare(strict_types=1);

namespace Keyseal\V1;

// Two plugins of one site may carry this file. PHP declares functions outside of a block before it runs the
// first line, and stops the site if they exist already. So everything is inside this block. A release that
// changes what a caller can notice has a new namespace.
if (!\class_exists(Keyseal::class, false)) {
    /* ===================================================================================================
     * 1. What an app calls
     * ================================================================================================ */

    /**
     * The license of one app on one device.
     *
     * No method throws because of the network or the server: the status names the reason. A method that
     * cannot store what it must store throws a RuntimeException.
     */
    final class Keyseal
    {
        public const VERSION = '1.0.0';

        private const TIMEOUT_SECONDS = 10.0;

        /** Without FastCGI, a visitor waits for the background refresh. */
        private const BACKGROUND_TIMEOUT_SECONDS = 5.0;

        private const NOT_ACTIVATED = '202';
        private const LIMIT_REACHED = '302';

        /** Check-out and start-trial send these codes with a license file. */
        private const WITH_FILE = ['2210', '2211', '2212'];

        /** After these answers of deactivate, the device has no activation. */
        private const DEACTIVATED = ['400', '401', '202', '210'];

        private Options $options;
        private Server $server;
        private ?string $identifier = null;
        private ?Status $last = null;
        private bool $isRefreshWanted = false;
        private bool $isShutdownRegistered = false;

        /**
         * @param array<string, mixed> $options see README.md
         * @throws \InvalidArgumentException if an option is missing or wrong
         */
        public function __construct(#[\SensitiveParameter] array $options)
        {
            $this->options = new Options($options);
            $this->server = new Server($this->options);
        }

        /** Activates this device for the license key that the user entered, and stores the key. */
        public function activate(#[\SensitiveParameter] string $licenseKey): Status
        {
            $key = trimText($licenseKey);
            if ($key === '') {
                return $this->status('refused');
            }
            $answer = $this->checkOut($key, self::TIMEOUT_SECONDS);
            $status = $this->apply($key, $answer);
            return $answer->code === self::LIMIT_REACHED
                ? Status::notLicensed('limit-reached', code: self::LIMIT_REACHED)
                : $status;
        }

        /**
         * The state now, from what is stored. It never waits for the network. If a refresh is due, it runs
         * after the script.
         */
        public function check(): Status
        {
            $stored = $this->load();
            $status = $this->decide($stored);
            $this->rememberTime($stored);
            if ($this->options->background && $stored->isRefreshDue($status->state, $this->now())) {
                $this->refreshAfterScript();
            }
            return $this->last = $status;
        }

        /** Whether the last check found a working license with this feature. */
        public function has(string $feature): bool
        {
            return \in_array($feature, ($this->last ?? $this->check())->features, true);
        }

        /** Ends the activation of this device, and forgets the license key. */
        public function deactivate(): Status
        {
            $key = $this->load()->licenseKey;
            if ($key === null) {
                return $this->status();
            }
            $answer = $this->server->ask('deactivate', [], $this->identifier(), $key, self::TIMEOUT_SECONDS);
            if (!\in_array($answer->code, self::DEACTIVATED, true)) {
                return $this->unchanged($answer);
            }
            $stored = $this->load();
            if ($stored->licenseKey === $key) {
                $this->save($stored->emptied());
            }
            return $this->status(null, $answer->code);
        }

        /** Asks the server now, even if no refresh is due. */
        public function refresh(): Status
        {
            return $this->refreshWithin(self::TIMEOUT_SECONDS);
        }

        /**
         * Starts the trial of this device, or continues it. A license that works, or will after a refresh, is
         * kept.
         */
        public function startTrial(): Status
        {
            $status = $this->status();
            if (\in_array($status->state, ['valid', 'grace', 'clock-set-back', 'tampered'], true)) {
                return $status;
            }
            $fields = ['product_id' => (string) $this->options->productId] + $this->fileFields();
            $answer = $this->server->ask('start-trial', $fields, $this->identifier(), null, self::TIMEOUT_SECONDS);
            $licenseKey = trimText($answer->text('license_key'));
            if (\in_array($answer->code, self::WITH_FILE, true) && $licenseKey !== '') {
                return $this->applyFile($licenseKey, $answer);
            }
            $state = StoredLicense::REFUSALS[$answer->code ?? ''] ?? null;
            // A refused trial has no license key, so nothing is stored.
            return $state === null
                ? $this->unchanged($answer)
                : Status::notLicensed($state, code: $answer->code);
        }

        /**
         * What a person takes to the server's page for offline devices, as text, and as an address to show as
         * a QR code. acceptFile() takes the file that the page returns.
         *
         * @return array{text: string, url: string}
         */
        public function offlineRequest(#[\SensitiveParameter] string $licenseKey): array
        {
            $key = trimText($licenseKey);
            $stored = $this->load();
            $stored->pendingKey = $key;
            $this->save($stored);
            $request = [
                'license_key' => $key,
                'identifier' => $this->identifier(),
                'algorithm' => $this->options->fileRules->algorithm,
            ];
            $json = \json_encode($request, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
            $text = \rtrim(\strtr(\base64_encode($json), '+/', '-_'), '=');
            return ['text' => $text, 'url' => "{$this->options->server}/offline#$text"];
        }

        /** Stores a license file that a person brought, if it is valid for this device now. */
        public function acceptFile(string $text): Status
        {
            $stored = $this->load();
            foreach (\array_unique([$stored->pendingKey ?? '', $stored->licenseKey ?? '']) as $key) {
                $file = $this->verify($text, $key);
                if ($file->verdict !== 'wrong-machine') {
                    break;
                }
            }
            if ($file->verdict !== 'valid' || $file->contents === null) {
                return $this->statusOfUnusableFile($file->verdict);
            }
            $current = $this->verifyStored($stored)?->contents;
            if ($current === null || $current->issued < $file->contents->issued) {
                // A plain file is not bound to the license key of the request. It names its own.
                $licenseKey = $file->contents->isEncrypted ? $key : $file->contents->licenseKey;
                $stored->acceptBrought($licenseKey, $text, $file->contents, $current !== null);
                $this->save($stored);
            }
            return $this->status();
        }

        /**
         * Runs the refresh that check() found due, if any, and waits for it. PHP calls this after the script.
         * Call it yourself where a script does not end, such as in a worker.
         */
        public function settle(): void
        {
            if (!$this->isRefreshWanted) {
                return;
            }
            $this->isRefreshWanted = false;
            try {
                $stored = $this->load();
                // A parallel request may have refreshed since check().
                if ($stored->isRefreshDue($this->decide($stored)->state, $this->now())) {
                    $this->refreshWithin(self::BACKGROUND_TIMEOUT_SECONDS);
                }
            } catch (\Throwable) {
                // A failed refresh must not break a visitor's page. A later check() finds it due again.
            }
        }

        private function refreshAfterScript(): void
        {
            $this->isRefreshWanted = true;
            if ($this->isShutdownRegistered) {
                return;
            }
            $this->isShutdownRegistered = true;
            // Registered at shutdown once more, so that it runs after the shutdown functions of everyone
            // else.
            \register_shutdown_function(function (): void {
                \register_shutdown_function(function (): void {
                    if ($this->isRefreshWanted) {
                        sendResponse();
                        $this->settle();
                    }
                });
            });
        }

        private function refreshWithin(float $timeoutSeconds): Status
        {
            $stored = $this->load();
            $key = $stored->licenseKey;
            if ($key === null) {
                return $this->status();
            }
            // Stored before the request is sent, so that parallel requests do not all ask.
            $stored->postponeRefresh($this->now());
            $this->save($stored);
            $answer = $this->checkOut($key, $timeoutSeconds);
            $stored = $this->load();
            if ($stored->licenseKey !== $key) {
                // Another request changed the license meanwhile, so this answer is of no use.
                return $this->status();
            }
            if ($answer->retryAfter > 0) {
                $stored->nextAttemptAt = \max($stored->nextAttemptAt ?? 0, $this->now() + $answer->retryAfter);
                $this->save($stored);
            }
            return $this->apply($key, $answer);
        }

        private function checkOut(string $licenseKey, float $timeoutSeconds): Answer
        {
            $fields = ['activate' => '1'] + $this->fileFields();
            $ask = fn () => $this->server->ask('check-out', $fields, $this->identifier(), $licenseKey, $timeoutSeconds);
            $answer = $ask();
            return $answer->code === self::NOT_ACTIVATED ? $ask() : $answer;
        }

        /** @return array<string, string> */
        private function fileFields(): array
        {
            $fields = [
                'algorithm' => $this->options->fileRules->algorithm,
                'encrypt' => $this->options->encrypt ? '1' : '0',
            ];
            $seconds = $this->options->fileSeconds;
            return $seconds === null ? $fields : $fields + ['ttl' => (string) $seconds];
        }

        /** Stores what the server answered for a license key. */
        private function apply(string $licenseKey, Answer $answer): Status
        {
            return match (true) {
                \in_array($answer->code, self::WITH_FILE, true) => $this->applyFile($licenseKey, $answer),
                $answer->code === self::LIMIT_REACHED => $this->applyLimit($licenseKey, $answer),
                isset(StoredLicense::REFUSALS[$answer->code ?? '']) => $this->applyRefusal($licenseKey, $answer),
                default => $this->unchanged($answer),
            };
        }

        private function applyFile(string $licenseKey, Answer $answer): Status
        {
            $text = $answer->text('license_file');
            $file = $this->verify($text, $licenseKey);
            if ($file->contents === null) {
                return $this->statusOfUnusableFile($file->verdict);
            }
            // The answer is new, so the file counts even if the clock of this device says otherwise. check()
            // reports the clock.
            $stored = $this->load();
            $stored->accept($licenseKey, $text, $file->contents, $answer->timestamp);
            $this->save($stored);
            return $this->status(null, $answer->code);
        }

        private function applyLimit(string $licenseKey, Answer $answer): Status
        {
            $stored = $this->storedFor($licenseKey);
            if ($stored !== null) {
                $stored->limitReached = true;
                $stored->highestTime = \max($stored->highestTime, $answer->timestamp);
                $this->save($stored);
            }
            return $this->status(null, self::LIMIT_REACHED);
        }

        private function applyRefusal(string $licenseKey, Answer $answer): Status
        {
            $code = $answer->code ?? '';
            $state = StoredLicense::REFUSALS[$code];
            $stored = $this->storedFor($licenseKey);
            // A mistyped license key is not worth storing.
            if ($stored === null || ($state === 'unlicensed' && $this->load()->licenseKey !== $licenseKey)) {
                return Status::notLicensed($state, code: $code);
            }
            $stored->refusal = ['code' => $code, 'at' => $answer->timestamp];
            $stored->highestTime = \max($stored->highestTime, $answer->timestamp);
            $this->save($stored);
            return $this->status();
        }

        /** Where an answer for a license key is stored. null: a license with another key works, and stays. */
        private function storedFor(string $licenseKey): ?StoredLicense
        {
            $stored = $this->load();
            if ($stored->licenseKey === $licenseKey) {
                return $stored;
            }
            if ($this->decide($stored)->isLicensed()) {
                return null;
            }
            $replaced = $stored->emptied();
            $replaced->licenseKey = $licenseKey;
            $replaced->postponeRefresh($this->now());
            return $replaced;
        }

        /** An answer that does not count, or says nothing about the license, changes nothing. */
        private function unchanged(Answer $answer): Status
        {
            return $this->status($answer->failure ?? 'refused', $answer->code);
        }

        private function statusOfUnusableFile(string $verdict): Status
        {
            return match ($verdict) {
                'clock-set-back' => Status::notLicensed('clock-set-back'),
                'wrong-machine', 'other-product' => $this->status($verdict),
                default => $this->status('file-invalid'),
            };
        }

        /** The state of what is stored, with what the caller of a method should know in addition. */
        private function status(?string $reason = null, ?string $code = null): Status
        {
            $status = $this->last = $this->decide($this->load());
            return new Status(
                $status->state,
                $status->features,
                $status->expiresAt,
                $status->daysLeft,
                $code ?? $status->code,
                $reason ?? $status->reason,
            );
        }

        private function decide(StoredLicense $stored): Status
        {
            $file = $stored->refusal === null ? $this->verifyStored($stored) : null;
            return decide($stored, $file, $this->now(), $this->options->graceMilliseconds);
        }

        private function verifyStored(StoredLicense $stored): ?FileVerdict
        {
            if ($stored->licenseKey === null || $stored->file === null) {
                return null;
            }
            try {
                return $this->verify($stored->file, $stored->licenseKey);
            } catch (\RuntimeException) {
                // This device has lost its identifier and cannot store another.
                return new FileVerdict('wrong-machine');
            }
        }

        private function verify(string $file, string $licenseKey): FileVerdict
        {
            $rules = $this->options->fileRules;
            return LicenseFile::verify($file, $licenseKey, $this->identifier(), $rules, $this->now());
        }

        /**
         * Remembers that the clock went on. It stores at most once an hour, and a failure is no reason to end
         * a check.
         */
        private function rememberTime(StoredLicense $stored): void
        {
            $now = $this->now();
            if ($stored->licenseKey === null || $now <= $stored->highestTime + Milliseconds::HOUR) {
                return;
            }
            $stored->highestTime = $now;
            try {
                $this->save($stored);
            } catch (\Throwable) {
            }
        }

        private function identifier(): string
        {
            return $this->identifier ??= trimText($this->options->device->identifier());
        }

        private function now(): int
        {
            return (int) ($this->options->clock)();
        }

        private function load(): StoredLicense
        {
            try {
                return StoredLicense::parse($this->options->storage->read());
            } catch (\Throwable) {
                return new StoredLicense();
            }
        }

        private function save(StoredLicense $stored): void
        {
            $this->options->storage->write($stored->text());
        }
    }

    /** Ends the response to the visitor where PHP can, so that the visitor does not wait for what follows. */
    function sendResponse(): void
    {
        if (\function_exists('session_status') && \session_status() === PHP_SESSION_ACTIVE) {
            \session_write_close(); // The visitor's next request waits while the session is open.
        }
        if (\function_exists('fastcgi_finish_request')) {
            \fastcgi_finish_request();
        } elseif (\function_exists('litespeed_finish_request')) {
            \litespeed_finish_request();
        }
    }

    /* ===================================================================================================
     * 2. The states
     * ================================================================================================ */

    final class Status
    {
        /**
         * @param string $state valid | grace | expired | blocked | limit-reached | unlicensed |
         *     clock-set-back | tampered
         * @param list<string> $features empty unless the state is valid or grace
         * @param ?\DateTimeImmutable $expiresAt the end of the license itself; null: never or unknown
         * @param ?int $daysLeft valid: until expiresAt, null if it never ends; grace: until the grace period ends;
         *     otherwise 0
         * @param ?string $code the last signed code that decided
         * @param ?string $reason unreachable | not-trusted | refused | wrong-machine | other-product | file-invalid
         */
        public function __construct(
            public readonly string $state,
            public readonly array $features,
            public readonly ?\DateTimeImmutable $expiresAt,
            public readonly ?int $daysLeft,
            public readonly ?string $code = null,
            public readonly ?string $reason = null,
        ) {
        }

        /** A status without a working license. */
        public static function notLicensed(
            string $state,
            ?string $reason = null,
            ?string $code = null,
            ?int $end = null,
        ): self {
            return new self($state, [], toDate($end), 0, $code, $reason);
        }

        /** Whether the app should run with the features of a license. */
        public function isLicensed(): bool
        {
            return $this->state === 'valid' || $this->state === 'grace';
        }
    }

    /** What the storage holds. Instants are milliseconds since 1970. */
    final class StoredLicense
    {
        /** The signed refusals that take a license away, and the states to which they lead. */
        public const REFUSALS = [
            '201' => 'unlicensed',
            '203' => 'blocked',
            '204' => 'blocked',
            '205' => 'expired',
            '210' => 'unlicensed',
        ];

        /** No attempt is postponed by more than this. Anyone on the way can send Retry-After. */
        public const POSTPONED_MAX = Milliseconds::DAY;

        private const FAILURES_MAX = 20;

        public ?string $licenseKey = null;
        /** The license key of the last offline request. */
        public ?string $pendingKey = null;
        public ?string $file = null;
        /** The latest instant that was ever seen. */
        public int $highestTime = 0;
        /** @var array{code: string, at: int}|null */
        public ?array $refusal = null;
        public bool $limitReached = false;
        public ?int $refreshAt = null;
        public int $failures = 0;
        public ?int $nextAttemptAt = null;

        /** @param ?string $text anything else than what text() made counts as empty */
        public static function parse(?string $text): self
        {
            $stored = new self();
            $members = parseJson($text ?? '');
            if (($members['version'] ?? null) !== 1) {
                return $stored;
            }
            $textOf = fn (string $name) => \is_string($members[$name] ?? null) ? $members[$name] : null;
            $timeOf = fn (string $name) => \is_int($members[$name] ?? null) ? $members[$name] : null;
            $stored->licenseKey = $textOf('licenseKey');
            $stored->pendingKey = $textOf('pendingKey');
            $stored->file = $textOf('file');
            $stored->highestTime = $timeOf('highestTime') ?? 0;
            $stored->limitReached = ($members['limitReached'] ?? null) === true;
            $stored->refreshAt = $timeOf('refreshAt');
            $stored->failures = \max(0, $timeOf('failures') ?? 0);
            $stored->nextAttemptAt = $timeOf('nextAttemptAt');
            [$code, $at] = [member($members, 'refusal', 'code'), member($members, 'refusal', 'at')];
            $stored->refusal = \is_string($code) && isset(self::REFUSALS[$code]) && \is_int($at)
                ? ['code' => $code, 'at' => $at]
                : null;
            return $stored;
        }

        public function text(): string
        {
            return \json_encode(['version' => 1] + \get_object_vars($this), JSON_THROW_ON_ERROR);
        }

        /** Without a license. The highest time stays. */
        public function emptied(): self
        {
            $emptied = new self();
            $emptied->highestTime = $this->highestTime;
            return $emptied;
        }

        /** Stores the file of an answer that was signed at this time. It ends a refusal. */
        public function accept(
            #[\SensitiveParameter] string $licenseKey,
            string $file,
            FileContents $contents,
            int $answeredAt,
        ): void {
            $this->refusal = null;
            $this->setFile($licenseKey, $file, $contents);
            // The server knows the time, so a clock that once ran ahead is forgiven.
            $this->highestTime = $answeredAt;
        }

        /**
         * Stores a file that a person brought. It may be an old copy, so it ends only an earlier refusal.
         *
         * @param bool $isNewer than the stored file. Then a clock that once ran ahead is forgiven.
         */
        public function acceptBrought(
            #[\SensitiveParameter] string $licenseKey,
            string $file,
            FileContents $contents,
            bool $isNewer,
        ): void {
            // The time of a refusal is in whole seconds.
            if ($this->refusal !== null && $contents->issued >= $this->refusal['at'] + 1000) {
                $this->refusal = null;
            }
            $this->setFile($licenseKey, $file, $contents);
            $this->highestTime = $isNewer ? $contents->issued : \max($this->highestTime, $contents->issued);
        }

        private function setFile(string $licenseKey, string $file, FileContents $contents): void
        {
            $this->licenseKey = $licenseKey;
            $this->pendingKey = null;
            $this->file = $file;
            $this->limitReached = false;
            $this->failures = 0;
            $this->nextAttemptAt = null;
            $third = ($contents->expiry - $contents->issued) / 3;
            $this->refreshAt = $contents->issued + (int) ($third * (0.9 + 0.2 * randomFraction()));
        }

        /** Sets the time of the next attempt as if this one failed. Only a license file resets it. */
        public function postponeRefresh(int $now): void
        {
            $this->failures = \min($this->failures + 1, self::FAILURES_MAX);
            $wait = \min(6 * Milliseconds::HOUR, Milliseconds::MINUTE * 2 ** $this->failures);
            $this->nextAttemptAt = $now + (int) ($wait * (0.5 + randomFraction()));
        }

        public function isRefreshDue(string $state, int $now): bool
        {
            if ($this->licenseKey === null) {
                return false;
            }
            $wait = ($this->nextAttemptAt ?? $now) - $now;
            // A longer wait means that the clock was set back.
            $mayAsk = $wait <= 0 || $wait > self::POSTPONED_MAX;
            return $mayAsk && ($state !== 'valid' || $now >= ($this->refreshAt ?? 0));
        }
    }

    /**
     * The state of a stored license. It uses no clock, no network and no storage.
     *
     * @param ?FileVerdict $file of the stored file; null if there is none, or if a refusal decides
     */
    function decide(StoredLicense $stored, ?FileVerdict $file, int $now, int $graceMilliseconds): Status
    {
        if ($stored->licenseKey === null) {
            return Status::notLicensed('unlicensed');
        }
        if ($stored->refusal !== null) {
            $code = $stored->refusal['code'];
            return Status::notLicensed(StoredLicense::REFUSALS[$code], code: $code);
        }
        if ($file === null) {
            return $stored->limitReached
                ? Status::notLicensed('limit-reached', code: '302')
                : Status::notLicensed('unlicensed');
        }
        if ($file->contents === null) {
            return $file->verdict === 'tampered'
                ? Status::notLicensed('tampered', reason: 'file-invalid')
                : Status::notLicensed('unlicensed', reason: $file->verdict);
        }
        return decideByTime($stored, $file->contents, $now, $graceMilliseconds);
    }

    function decideByTime(StoredLicense $stored, FileContents $file, int $now, int $graceMilliseconds): Status
    {
        $end = $file->expiresAt;
        $graceEnd = $file->expiry + $graceMilliseconds;
        return match (true) {
            $now < \max($stored->highestTime, $file->issued) - Milliseconds::DAY =>
                Status::notLicensed('clock-set-back', end: $end),
            $now < $file->expiry =>
                new Status('valid', $file->features, toDate($end), $end === null ? null : daysUntil($end, $now)),
            $now < $graceEnd => new Status('grace', $file->features, toDate($end), daysUntil($graceEnd, $now)),
            $stored->limitReached => Status::notLicensed('limit-reached', code: '302', end: $end),
            default => Status::notLicensed('expired', end: $end),
        };
    }

    /* ===================================================================================================
     * 3. Options
     * ================================================================================================ */

    final class Options
    {
        private const NAMES = [
            ...['server', 'apiKey', 'productId', 'fileKeys', 'answerKeys', 'algorithm', 'encrypt'],
            ...['graceDays', 'fileDays', 'storage', 'device', 'background', 'allowAnyMachine', 'clock'],
        ];

        public readonly string $server;
        public readonly string $apiKey;
        public readonly int $productId;
        public readonly FileRules $fileRules;
        /** @var non-empty-list<PublicKey> */
        public readonly array $answerKeys;
        public readonly bool $encrypt;
        public readonly bool $background;
        public readonly int $graceMilliseconds;
        public readonly ?int $fileSeconds;
        public readonly Storage $storage;
        public readonly DeviceIdentifier $device;
        /** @var callable(): (int|float) */
        public readonly mixed $clock;

        /** @param array<string, mixed> $given */
        public function __construct(#[\SensitiveParameter] array $given)
        {
            if (PHP_INT_SIZE < 8) {
                throw new \RuntimeException('Keyseal needs a 64-bit PHP.');
            }
            $unknown = \array_diff(\array_keys($given), self::NAMES);
            if ($unknown !== []) {
                throw wrongOption((string) \reset($unknown), 'is unknown. Options: ' . \implode(', ', self::NAMES));
            }
            $this->server = self::server($given['server'] ?? null);
            $this->apiKey = self::apiKey($given['apiKey'] ?? null);
            $this->productId = readProductId($given);
            $this->fileRules = FileRules::read($given);
            $this->answerKeys = readKeys($given, 'answerKeys');
            $this->encrypt = readBool($given, 'encrypt', true);
            $this->background = readBool($given, 'background', true);
            $this->graceMilliseconds = (int) ((self::days($given, 'graceDays', 0) ?? 7) * Milliseconds::DAY);
            $fileDays = self::days($given, 'fileDays', 1 / 24);
            $this->fileSeconds = $fileDays === null ? null : (int) \round($fileDays * 86_400);
            $this->storage = self::storage($given['storage'] ?? null, $this->defaultName());
            $this->device = self::device($given['device'] ?? null, $this->defaultName());
            $this->clock = self::clock($given['clock'] ?? null);
        }

        private static function server(mixed $value): string
        {
            if (!\is_string($value) || \preg_match('~^https?://[^/?#@\s]+/?$~Di', $value) !== 1) {
                throw wrongOption('server', 'must be the address of your server, such as https://licenses.example.com');
            }
            return \rtrim($value, '/');
        }

        private static function apiKey(#[\SensitiveParameter] mixed $value): string
        {
            if (!\is_string($value) || \preg_match('/^[\x21-\x7e]+$/D', $value) !== 1) {
                throw wrongOption('apiKey', 'must be an API key with the capability "use"');
            }
            return $value;
        }

        /** @param array<string, mixed> $given */
        private static function days(array $given, string $name, float $least): int|float|null
        {
            $value = $given[$name] ?? null;
            $isNumber = \is_int($value) || \is_float($value);
            if ($value === null || ($isNumber && $value >= $least && $value <= 36_500)) {
                return $value;
            }
            throw wrongOption($name, 'must be a number of days, such as 7');
        }

        /**
         * Names the files of this app, so that two apps of one user do not share a license or an identifier.
         */
        private function defaultName(): string
        {
            $host = (string) \preg_replace('/[^a-z0-9.-]+/', '_', \strtolower(\explode('://', $this->server)[1]));
            return "$host-$this->productId";
        }

        private static function storage(mixed $value, string $name): Storage
        {
            if ($value === null) {
                return FileStorage::inConfigFolder("$name.json");
            }
            return $value instanceof Storage
                ? $value
                : throw wrongOption('storage', 'must be a Storage, such as new FileStorage($path)');
        }

        private static function device(mixed $value, string $name): DeviceIdentifier
        {
            return match (true) {
                $value === null => new Device(FileStorage::inConfigFolder("$name-device.json")),
                $value instanceof DeviceIdentifier => $value,
                \is_string($value) && trimText($value) !== '' => new FixedDevice($value),
                default => throw wrongOption('device', 'must be a text, or an object such as new DomainDevice()'),
            };
        }

        private static function clock(mixed $value): callable
        {
            if ($value === null) {
                return fn () => \microtime(true) * 1000;
            }
            return \is_callable($value)
                ? $value
                : throw wrongOption('clock', 'must be a function that returns milliseconds');
        }
    }

    /** What an app expects of a license file. */
    final class FileRules
    {
        private const ALGORITHMS = ['ed25519', 'rsa-sha256'];

        /** @param non-empty-list<PublicKey> $keys */
        private function __construct(
            public readonly array $keys,
            public readonly string $algorithm,
            public readonly int $productId,
            public readonly bool $allowAnyMachine,
        ) {
        }

        /** @param array<string, mixed> $options */
        public static function read(array $options): self
        {
            $algorithm = $options['algorithm'] ?? 'ed25519';
            if (!\in_array($algorithm, self::ALGORITHMS, true)) {
                throw wrongOption('algorithm', 'must be "ed25519" or "rsa-sha256"');
            }
            $keys = \array_values(\array_filter(
                readKeys($options, 'fileKeys'),
                fn (PublicKey $key) => $key->algorithm === $algorithm,
            ));
            if ($keys === []) {
                throw wrongOption('fileKeys', "needs a key for the algorithm $algorithm");
            }
            return new self($keys, $algorithm, readProductId($options), readBool($options, 'allowAnyMachine', false));
        }
    }

    /** @param array<string, mixed> $options */
    function readProductId(array $options): int
    {
        $value = $options['productId'] ?? null;
        return \is_int($value) && $value > 0
            ? $value
            : throw wrongOption('productId', 'must be the number of your product, such as 1');
    }

    /** @param array<string, mixed> $options */
    function readBool(array $options, string $name, bool $default): bool
    {
        $value = $options[$name] ?? $default;
        return \is_bool($value) ? $value : throw wrongOption($name, 'must be true or false');
    }

    /**
     * @param array<string, mixed> $options
     * @return non-empty-list<PublicKey>
     */
    function readKeys(array $options, string $name): array
    {
        $values = $options[$name] ?? null;
        if (!\is_array($values) || $values === []) {
            throw wrongOption($name, 'must be a list of public keys');
        }
        $keys = [];
        foreach (\array_values($values) as $index => $value) {
            $keys[] = (\is_string($value) ? PublicKey::read($value) : null) ?? throw wrongOption(
                $name,
                "has no public key at $index: give Ed25519 as 64 hex digits, or the PEM of RSA with 2048 bits or more",
            );
        }
        return $keys;
    }

    function wrongOption(string $name, string $message): \InvalidArgumentException
    {
        return new \InvalidArgumentException("The option $name $message.");
    }

    /* ===================================================================================================
     * 4. License files
     * ================================================================================================ */

    final class FileVerdict
    {
        /**
         * @param string $verdict valid | expired | tampered | wrong-machine | other-product | clock-set-back
         * @param ?FileContents $contents null unless the file is genuine and for this device and product
         */
        public function __construct(
            public readonly string $verdict,
            public readonly ?FileContents $contents = null,
        ) {
        }
    }

    /**
     * Verifies a license file.
     *
     * @param array<string, mixed> $options fileKeys, productId, and perhaps algorithm and allowAnyMachine
     * @param ?int $now milliseconds since 1970; null: now
     */
    function verifyFile(
        string $file,
        #[\SensitiveParameter] string $licenseKey,
        string $identifier,
        array $options,
        ?int $now = null,
    ): FileVerdict {
        $now ??= (int) (\microtime(true) * 1000);
        $rules = FileRules::read($options);
        return LicenseFile::verify($file, trimText($licenseKey), trimText($identifier), $rules, $now);
    }

    /** A license file whose signature is not yet checked. */
    final class LicenseFile
    {
        private const BYTES_MAX = 65_536;
        private const CERTIFICATE = '/^-----BEGIN (MACHINE|LICENSE) FILE-----(.+)-----END \1 FILE-----$/Ds';
        private const IV_BYTES = 12;
        /** openssl_decrypt accepts shorter tags, which can be forged. */
        private const TAG_BYTES = 16;

        private function __construct(
            private bool $isForMachine,
            private string $enc,
            private string $signature,
            private string $algorithm,
        ) {
        }

        public static function verify(
            string $text,
            #[\SensitiveParameter] string $licenseKey,
            string $identifier,
            FileRules $rules,
            int $now,
        ): FileVerdict {
            $file = self::parse($text);
            if ($file === null || !$file->isSignedBy($rules)) {
                return new FileVerdict('tampered');
            }
            $isEncrypted = $file->algorithm === "aes-256-gcm+$rules->algorithm";
            $json = $isEncrypted ? $file->decrypt($licenseKey, $identifier) : decodeBase64($file->enc);
            if ($json === false) {
                return new FileVerdict('wrong-machine');
            }
            $contents = FileContents::read(parseJson($json ?? ''), $file->isForMachine, $isEncrypted);
            return $contents?->verdictFor($identifier, $rules->productId, $now) ?? new FileVerdict('tampered');
        }

        private static function parse(string $text): ?self
        {
            if (\strlen($text) > self::BYTES_MAX || \preg_match(self::CERTIFICATE, trimText($text), $parts) !== 1) {
                return null;
            }
            $members = parseJson(decodeBase64((string) \preg_replace('/\s+/', '', $parts[2])) ?? '');
            $enc = $members['enc'] ?? null;
            $algorithm = $members['alg'] ?? null;
            $signature = $members['sig'] ?? null;
            $signature = \is_string($signature) ? decodeBase64($signature) : null;
            return \is_string($enc) && \is_string($algorithm) && $signature !== null
                ? new self($parts[1] === 'MACHINE', $enc, $signature, $algorithm)
                : null;
        }

        /**
         * The file names its algorithm without signing it, so only the algorithm that the app pinned counts.
         */
        private function isSignedBy(FileRules $rules): bool
        {
            $expected = ["aes-256-gcm+$rules->algorithm", "base64+$rules->algorithm"];
            if (!\in_array($this->algorithm, $expected, true) || (!$this->isForMachine && !$rules->allowAnyMachine)) {
                return false;
            }
            $message = ($this->isForMachine ? 'machine/' : 'license/') . $this->enc;
            return anyKeyVerifies($rules->keys, $message, $this->signature);
        }

        /** @return string|false|null null: misshapen; false: encrypted for another license key or machine */
        private function decrypt(string $licenseKey, string $identifier): string|false|null
        {
            $parts = \array_map(fn (string $part) => decodeBase64($part) ?? '', \explode('.', $this->enc));
            if (\count($parts) !== 3) {
                return null;
            }
            [$encrypted, $iv, $tag] = $parts;
            if ($encrypted === '' || \strlen($iv) !== self::IV_BYTES || \strlen($tag) !== self::TAG_BYTES) {
                return null;
            }
            $key = \hash('sha256', $licenseKey . ($this->isForMachine ? $identifier : ''), true);
            return \openssl_decrypt($encrypted, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $iv, $tag);
        }
    }

    /** What a genuine license file says. Instants are milliseconds since 1970. */
    final class FileContents
    {
        /**
         * @param ?string $fingerprint null: for any machine
         * @param ?int $expiresAt the end of the license itself; null: never
         * @param list<string> $features
         */
        private function __construct(
            public readonly int $issued,
            public readonly int $expiry,
            public readonly ?string $fingerprint,
            public readonly string $licenseKey,
            public readonly ?string $productId,
            public readonly ?int $expiresAt,
            public readonly array $features,
            public readonly bool $isEncrypted,
        ) {
        }

        /**
         * @param array<mixed> $payload
         * @return ?self null: misshapen
         */
        public static function read(array $payload, bool $isForMachine, bool $isEncrypted): ?self
        {
            $license = self::license($payload, $isForMachine);
            $issued = parseTime(member($payload, 'meta', 'issued'));
            $expiry = parseTime(member($payload, 'meta', 'expiry'));
            $fingerprint = $isForMachine ? member($payload, 'data', 'attributes', 'fingerprint') : '';
            $licenseKey = member($license, 'attributes', 'key');
            $end = member($license, 'attributes', 'expiry');
            $productId = member($license, 'relationships', 'product', 'data', 'id');
            if ($issued === null || $expiry === null || !\is_string($fingerprint) || !\is_string($licenseKey)) {
                return null;
            }
            if ($end !== null && parseTime($end) === null) {
                return null;
            }
            return new self(
                $issued,
                $expiry,
                $isForMachine ? $fingerprint : null,
                $licenseKey,
                \is_string($productId) ? $productId : null,
                parseTime($end),
                self::features($payload),
                $isEncrypted,
            );
        }

        public function verdictFor(string $identifier, int $productId, int $now): FileVerdict
        {
            return match (true) {
                $this->fingerprint !== null && $this->fingerprint !== $identifier => new FileVerdict('wrong-machine'),
                $this->productId !== (string) $productId => new FileVerdict('other-product'),
                $this->issued > $now + Milliseconds::DAY => new FileVerdict('clock-set-back', $this),
                $now >= $this->expiry => new FileVerdict('expired', $this),
                default => new FileVerdict('valid', $this),
            };
        }

        /** @return array<mixed>|null */
        private static function license(array $payload, bool $isForMachine): ?array
        {
            $data = member($payload, 'data');
            if (member($data, 'type') !== ($isForMachine ? 'machines' : 'licenses')) {
                return null;
            }
            return $isForMachine ? (self::included($payload, 'licenses')[0] ?? null) : $data;
        }

        /** @return list<string> */
        private static function features(array $payload): array
        {
            $entitlements = self::included($payload, 'entitlements');
            $codes = \array_map(fn (array $one) => member($one, 'attributes', 'code'), $entitlements);
            return \array_values(\array_filter($codes, \is_string(...)));
        }

        /** @return list<array<mixed>> */
        private static function included(array $payload, string $type): array
        {
            $included = member($payload, 'included');
            $isOfType = fn (mixed $one) => \is_array($one) && member($one, 'type') === $type;
            return \array_values(\array_filter(\is_array($included) ? $included : [], $isOfType));
        }
    }

    /* ===================================================================================================
     * 5. Signed answers
     * ================================================================================================ */

    /**
     * The response of an answer of the server, or null if the answer proves nothing: its signature is not by
     * one of the keys, or it is not the answer to this request.
     *
     * @param ?string $licenseKey null, like $identifier: the request had none
     * @param array<string, mixed> $options answerKeys, productId
     * @return array<mixed>|null
     */
    function readAnswer(
        string $body,
        string $nonce,
        #[\SensitiveParameter] ?string $licenseKey,
        ?string $identifier,
        array $options,
    ): ?array {
        $key = $licenseKey === null ? null : trimText($licenseKey);
        $identifier = $identifier === null ? null : trimText($identifier);
        $keys = readKeys($options, 'answerKeys');
        return SignedAnswer::read($body, $keys, $nonce, $key, $identifier, readProductId($options));
    }

    final class SignedAnswer
    {
        /**
         * @param non-empty-list<PublicKey> $keys
         * @return array<mixed>|null
         */
        public static function read(
            string $body,
            array $keys,
            string $nonce,
            #[\SensitiveParameter] ?string $licenseKey,
            ?string $identifier,
            int $productId,
        ): ?array {
            $response = self::open($body, $keys);
            $proof = member($response, 'proof');
            $hash = $licenseKey === null ? null : \hash('sha256', $licenseKey);
            $isBound = \is_array($proof)
                && member($proof, 'nonce') === $nonce
                && member($proof, 'license_key_sha256') === $hash
                && member($proof, 'identifier') === $identifier
                && \array_key_exists('product_id', $proof)
                && \in_array($proof['product_id'], [null, $productId], true);
            return $isBound ? $response : null;
        }

        /**
         * Checks the signature over the characters of response_base64 before anything in them is read.
         *
         * @param non-empty-list<PublicKey> $keys
         * @return array<mixed>|null
         */
        private static function open(string $body, array $keys): ?array
        {
            $envelope = \strlen($body) > Http::ANSWER_BYTES_MAX ? [] : parseJson($body);
            $signed = $envelope['response_base64'] ?? null;
            $signature = $envelope['signature'] ?? null;
            $signature = \is_string($signature) ? decodeBase64($signature) : null;
            if (!\is_string($signed) || $signature === null || !anyKeyVerifies($keys, $signed, $signature)) {
                return null;
            }
            $response = parseJson(decodeBase64($signed) ?? '');
            $code = $response['code'] ?? null;
            return (\is_int($code) || \is_string($code)) && \is_int($response['timestamp'] ?? null) ? $response : null;
        }
    }

    /** What came of a request. */
    final class Answer
    {
        /**
         * @param ?string $code null: there is no answer that counts
         * @param ?string $failure unreachable | not-trusted, if there is no code
         * @param int $timestamp when the server answered, in milliseconds since 1970
         * @param int $retryAfter milliseconds
         * @param array<mixed> $response
         */
        private function __construct(
            public readonly ?string $code,
            public readonly ?string $failure,
            public readonly int $timestamp = 0,
            public readonly int $retryAfter = 0,
            private array $response = [],
        ) {
        }

        public static function failed(string $failure, int $retryAfter = 0): self
        {
            return new self(null, $failure, 0, $retryAfter);
        }

        /** @param array<mixed> $response as read by SignedAnswer */
        public static function signed(array $response, int $retryAfter): self
        {
            return new self((string) $response['code'], null, $response['timestamp'] * 1000, $retryAfter, $response);
        }

        /** A member of the response, empty if it is no text. */
        public function text(string $name): string
        {
            $value = $this->response[$name] ?? null;
            return \is_string($value) ? $value : '';
        }
    }

    final class Server
    {
        public function __construct(private Options $options)
        {
        }

        /**
         * @param string $endpoint such as check-out
         * @param array<string, string> $fields of this endpoint alone
         */
        public function ask(
            string $endpoint,
            array $fields,
            string $identifier,
            #[\SensitiveParameter] ?string $licenseKey,
            float $timeoutSeconds,
        ): Answer {
            $nonce = \bin2hex(\random_bytes(16));
            $fields += ['identifier' => $identifier, 'nonce' => $nonce];
            $fields += $licenseKey === null ? [] : ['license_key' => $licenseKey];
            $url = "{$this->options->server}/api/v1/$endpoint";
            $reply = Http::post($url, \http_build_query($fields, '', '&'), $this->options->apiKey, $timeoutSeconds);
            if ($reply === null) {
                return Answer::failed('unreachable');
            }
            $retryAfter = self::milliseconds($reply['retryAfter']);
            $keys = $this->options->answerKeys;
            $productId = $this->options->productId;
            $response = SignedAnswer::read($reply['body'], $keys, $nonce, $licenseKey, $identifier, $productId);
            return $response === null
                ? Answer::failed('not-trusted', $retryAfter)
                : Answer::signed($response, $retryAfter);
        }

        /** @param ?string $retryAfter seconds or a date (RFC 9110 section 10.2.3) */
        private static function milliseconds(?string $retryAfter): int
        {
            $value = \trim($retryAfter ?? '');
            $date = \preg_match('/^\d*$/D', $value) === 1 ? false : \strtotime($value);
            $seconds = $date === false ? (int) $value : $date - \time();
            return \min(StoredLicense::POSTPONED_MAX, \max(0, $seconds) * 1000);
        }
    }

    /**
     * One POST request. Each way follows no redirect and reads at most a byte more than an answer may have.
     *
     * All return array{body: string, retryAfter: ?string}, or null if no answer came.
     */
    final class Http
    {
        public const ANSWER_BYTES_MAX = 1_000_000;

        private const USER_AGENT = 'keyseal-php/' . Keyseal::VERSION;

        public static function post(string $url, string $form, string $apiKey, float $timeoutSeconds): ?array
        {
            return match (true) {
                \function_exists('wp_remote_post') => self::withWordPress($url, $form, $apiKey, $timeoutSeconds),
                \extension_loaded('curl') => self::withCurl($url, $form, $apiKey, $timeoutSeconds),
                default => self::withStream($url, $form, $apiKey, $timeoutSeconds),
            };
        }

        public static function withWordPress(string $url, string $form, string $apiKey, float $timeoutSeconds): ?array
        {
            $response = \wp_remote_post($url, [
                'body' => $form,
                'headers' => self::headers($apiKey),
                'limit_response_size' => self::ANSWER_BYTES_MAX + 1,
                'redirection' => 0,
                'timeout' => $timeoutSeconds,
                // WordPress would name the site and its version.
                'user-agent' => self::USER_AGENT,
            ]);
            if (\is_wp_error($response)) {
                return null;
            }
            $retryAfter = \wp_remote_retrieve_header($response, 'retry-after');
            return [
                'body' => \wp_remote_retrieve_body($response),
                'retryAfter' => \is_string($retryAfter) ? $retryAfter : null,
            ];
        }

        public static function withCurl(string $url, string $form, string $apiKey, float $timeoutSeconds): ?array
        {
            $reply = ['body' => '', 'retryAfter' => null];
            $curl = \curl_init($url);
            \curl_setopt_array($curl, [
                CURLOPT_POSTFIELDS => $form,
                CURLOPT_HTTPHEADER => self::lines(self::headers($apiKey)),
                CURLOPT_USERAGENT => self::USER_AGENT,
                CURLOPT_FOLLOWLOCATION => false,
                CURLOPT_TIMEOUT_MS => (int) ($timeoutSeconds * 1000),
                CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$reply): int {
                    $reply['retryAfter'] = self::retryAfter([$line]) ?? $reply['retryAfter'];
                    return \strlen($line);
                },
                CURLOPT_WRITEFUNCTION => function ($curl, string $chunk) use (&$reply): int {
                    $reply['body'] .= $chunk;
                    return \strlen($reply['body']) > self::ANSWER_BYTES_MAX ? 0 : \strlen($chunk);
                },
            ]);
            $isTooLong = \curl_exec($curl) === false && \strlen($reply['body']) > self::ANSWER_BYTES_MAX;
            return \curl_errno($curl) === 0 || $isTooLong ? $reply : null;
        }

        public static function withStream(string $url, string $form, string $apiKey, float $timeoutSeconds): ?array
        {
            $deadline = \microtime(true) + $timeoutSeconds;
            // With HTTP/1.1, the server would keep the connection open, and PHP would wait for its end.
            $headers = self::headers($apiKey) + ['Connection' => 'close'];
            $context = \stream_context_create(['http' => [
                'method' => 'POST',
                'protocol_version' => 1.1,
                'header' => self::lines($headers),
                'user_agent' => self::USER_AGENT,
                'content' => $form,
                'follow_location' => 0,
                'ignore_errors' => true, // Refusals have other statuses than 200.
                'timeout' => $timeoutSeconds,
            ]]);
            $stream = @\fopen($url, 'rb', false, $context);
            if ($stream === false) {
                return null;
            }
            $body = self::readUntil($stream, $deadline);
            $headers = \stream_get_meta_data($stream)['wrapper_data'] ?? [];
            \fclose($stream);
            return $body === null ? null : ['body' => $body, 'retryAfter' => self::retryAfter($headers)];
        }

        /**
         * @param resource $stream
         * @return ?string null: too late
         */
        private static function readUntil($stream, float $deadline): ?string
        {
            $body = '';
            while (!\feof($stream) && \strlen($body) <= self::ANSWER_BYTES_MAX) {
                $left = \max(0.0, $deadline - \microtime(true));
                \stream_set_timeout($stream, (int) $left, (int) (\fmod($left, 1.0) * 1_000_000));
                $chunk = $left > 0 ? @\fread($stream, 65_536) : false;
                if ($chunk === false || \stream_get_meta_data($stream)['timed_out']) {
                    return null;
                }
                $body .= $chunk;
            }
            return $body;
        }

        /** @return array<string, string> */
        private static function headers(string $apiKey): array
        {
            return [
                'Accept' => 'application/json',
                'Authorization' => "Bearer $apiKey",
                'Content-Type' => 'application/x-www-form-urlencoded',
            ];
        }

        /**
         * @param array<string, string> $headers
         * @return list<string>
         */
        private static function lines(array $headers): array
        {
            return \array_map(fn (string $name) => "$name: $headers[$name]", \array_keys($headers));
        }

        /** @param list<string> $lines of the response's head */
        private static function retryAfter(array $lines): ?string
        {
            foreach ($lines as $line) {
                if (\stripos($line, 'retry-after:') === 0) {
                    return \trim(\substr($line, 12));
                }
            }
            return null;
        }
    }

    /* ===================================================================================================
     * 6. Storage
     * ================================================================================================ */

    /** Where one short text is kept. */
    interface Storage
    {
        /** @return ?string null: nothing was stored, or it cannot be read */
        public function read(): ?string;

        /** @throws \RuntimeException if the text cannot be stored */
        public function write(string $text): void;
    }

    /**
     * A file that only its owner can read. It is replaced as a whole, so that a crash leaves the old text or
     * the new.
     */
    final class FileStorage implements Storage
    {
        private const BYTES_MAX = 262_144;

        public function __construct(private string $path)
        {
        }

        /** A file in the folder keyseal of the user's configuration. */
        public static function inConfigFolder(string $name): self
        {
            return new self(self::configFolder() . "/keyseal/$name");
        }

        public function read(): ?string
        {
            $text = @\file_get_contents($this->path, false, null, 0, self::BYTES_MAX);
            return $text === false ? null : $text;
        }

        public function write(string $text): void
        {
            $folder = \dirname($this->path);
            if (!\is_dir($folder) && !@\mkdir($folder, 0700, true) && !\is_dir($folder)) {
                throw $this->failure();
            }
            // tempnam gives the file mode 0600. If the folder is not writable, it takes another one, which is
            // no use.
            $temporary = @\tempnam($folder, 'keyseal');
            if ($temporary === false) {
                throw $this->failure();
            }
            $isWritten = \realpath(\dirname($temporary)) === \realpath($folder)
                && self::fill($temporary, $text)
                && @\rename($temporary, $this->path);
            if (!$isWritten) {
                @\unlink($temporary);
                throw $this->failure();
            }
        }

        private static function fill(string $path, string $text): bool
        {
            $file = @\fopen($path, 'wb');
            if ($file === false) {
                return false;
            }
            $isFilled = \fwrite($file, $text) === \strlen($text) && \fflush($file) && \fsync($file);
            return \fclose($file) && $isFilled;
        }

        private function failure(): \RuntimeException
        {
            return new \RuntimeException("Cannot write $this->path. Make its folder writable, or choose another one.");
        }

        private static function configFolder(): string
        {
            $variable = fn (string $name) => \rtrim((string) \getenv($name), '/\\');
            $home = $variable('HOME');
            if ($home === '' && \function_exists('posix_getpwuid')) {
                $home = (string) (\posix_getpwuid(\posix_geteuid())['dir'] ?? '');
            }
            $folder = match (PHP_OS_FAMILY) {
                'Windows' => $variable('APPDATA'),
                'Darwin' => $home === '' ? '' : "$home/Library/Application Support",
                default => $variable('XDG_CONFIG_HOME') ?: ($home === '' ? '' : "$home/.config"),
            };
            return $folder !== '' ? $folder : throw new \RuntimeException(
                'This user has no folder for configuration. Give the options storage and device.',
            );
        }
    }

    /** An option of a WordPress site, which is not loaded with every page. */
    final class WordPressStorage implements Storage
    {
        public function __construct(private string $option)
        {
        }

        public function read(): ?string
        {
            // Another request may have changed the option since WordPress read it.
            \wp_cache_delete($this->option, 'options');
            $text = \get_option($this->option, null);
            return \is_string($text) ? $text : null;
        }

        public function write(string $text): void
        {
            // update_option returns false for a failure, and for a text that is stored already.
            if (!\update_option($this->option, $text, false) && $this->read() !== $text) {
                throw new \RuntimeException("WordPress cannot store the option $this->option.");
            }
        }
    }

    /* ===================================================================================================
     * 7. Devices
     * ================================================================================================ */

    /** Gives the text that names this device to the server: up to 255 characters. */
    interface DeviceIdentifier
    {
        public function identifier(): string;
    }

    final class FixedDevice implements DeviceIdentifier
    {
        public function __construct(private string $identifier)
        {
        }

        public function identifier(): string
        {
            return $this->identifier;
        }
    }

    /**
     * A machine. Its identifier is random, so it says nothing about the machine. It is stored with a salted
     * hash of several parts of the machine: if more than one of them differs, this is another machine, and it
     * gets another identifier.
     */
    final class Device implements DeviceIdentifier
    {
        private ?string $identifier = null;

        /** @param ?array<string, list<string>> $parts of the machine by name; null: this machine's */
        public function __construct(private Storage $storage, private ?array $parts = null)
        {
        }

        public function identifier(): string
        {
            return $this->identifier ??= $this->stored() ?? $this->create();
        }

        private function stored(): ?string
        {
            $members = parseJson($this->storage->read() ?? '');
            $identifier = $members['identifier'] ?? null;
            $salt = $members['salt'] ?? null;
            $hashes = $members['parts'] ?? null;
            if (!\is_string($identifier) || $identifier === '' || !\is_string($salt) || !\is_array($hashes)) {
                return null;
            }
            $now = $this->hashes($salt);
            // A part that could not be read, then or now, counts as unchanged.
            $changed = \array_filter(
                \array_intersect_key($now, $hashes),
                fn (array $values, string $name) => \array_intersect($values, (array) $hashes[$name]) === [],
                ARRAY_FILTER_USE_BOTH,
            );
            if (\count($changed) > 1) {
                return null;
            }
            if ($changed !== []) {
                $this->rememberParts($identifier, $salt, $now + $hashes);
            }
            return $identifier;
        }

        /** Parts change one after another over the years. A failure is no reason for another identifier. */
        private function rememberParts(string $identifier, string $salt, array $hashes): void
        {
            try {
                $this->save($identifier, $salt, $hashes);
            } catch (\RuntimeException) {
            }
        }

        private function create(): string
        {
            $identifier = randomUuid();
            $salt = \bin2hex(\random_bytes(16));
            $this->save($identifier, $salt, $this->hashes($salt));
            return $identifier;
        }

        private function save(string $identifier, string $salt, array $hashes): void
        {
            $members = ['version' => 1, 'identifier' => $identifier, 'salt' => $salt, 'parts' => $hashes];
            $this->storage->write(\json_encode($members, JSON_THROW_ON_ERROR));
        }

        /** @return array<string, list<string>> */
        private function hashes(string $salt): array
        {
            $hashes = [];
            foreach (\array_filter($this->parts ??= MachineParts::read()) as $name => $values) {
                $hashes[$name] = \array_map(fn (string $value) => \hash('sha256', "$salt/$name/$value"), $values);
            }
            return $hashes;
        }
    }

    /** What PHP can read about a machine without starting another program. */
    final class MachineParts
    {
        /**
         * @return array<string, list<string>> by name; empty: it cannot be read. One common value makes a
         * part the same.
         */
        public static function read(): array
        {
            return [
                'machine' => self::firstLine('/etc/machine-id', '/var/lib/dbus/machine-id'),
                'host' => \array_filter([(string) \gethostname()]),
                'processor' => self::processor(),
                'board' => self::firstLine('/sys/class/dmi/id/board_name', '/sys/firmware/devicetree/base/model'),
                'network' => self::networkAddresses(),
            ];
        }

        /** @return list<string> the first line of the first file that has one */
        private static function firstLine(string ...$paths): array
        {
            foreach ($paths as $path) {
                $line = \trim(\strtok((string) @\file_get_contents($path, false, null, 0, 4096), "\n\0") ?: '');
                if ($line !== '') {
                    return [$line];
                }
            }
            return [];
        }

        /** @return list<string> */
        private static function processor(): array
        {
            $text = (string) @\file_get_contents('/proc/cpuinfo', false, null, 0, 65_536);
            $isNamed = \preg_match('/^(?:model name|Model|Hardware)\s*:\s*(.+)$/m', $text, $match) === 1;
            $name = $isNamed ? \trim($match[1]) : (string) \getenv('PROCESSOR_IDENTIFIER');
            return $name === '' ? [] : [$name];
        }

        /**
         * @return list<string> hardware addresses of network cards; virtual ones, such as those of
         * containers, change often
         */
        private static function networkAddresses(): array
        {
            $addresses = [];
            foreach (@\glob('/sys/class/net/*/device') ?: [] as $device) {
                $addresses[] = \trim((string) @\file_get_contents(\dirname($device) . '/address'));
            }
            if ($addresses === [] && \function_exists('net_get_interfaces')) {
                // PHP gives "mac" only on Windows.
                $addresses = \array_column(@\net_get_interfaces() ?: [], 'mac');
            }
            return \array_values(\array_diff($addresses, ['', '00:00:00:00:00:00']));
        }
    }

    /** A website. Its identifier is the domain of its address, without "www.". */
    final class DomainDevice implements DeviceIdentifier
    {
        /**
         * @param ?string $url null: the address of the WordPress site. Never take it from a request: a
         * visitor can send any.
         */
        public function __construct(private ?string $url = null)
        {
        }

        public function identifier(): string
        {
            // home_url() would run filters, by which plugins for languages change the address.
            $url = $this->url ?? (string) \get_option('home');
            $host = \parse_url(\str_contains($url, '://') ? $url : "https://$url", PHP_URL_HOST);
            if (!\is_string($host) || $host === '') {
                throw new \RuntimeException('DomainDevice needs an address, such as https://example.com.');
            }
            return (string) \preg_replace('/^www\./', '', \strtolower($host));
        }
    }

    /* ===================================================================================================
     * 8. Keys, text and time
     * ================================================================================================ */

    final class PublicKey
    {
        private const RSA_BITS_MIN = 2048;
        private const PEM = '~^-----BEGIN PUBLIC KEY-----\s([\w+/=\s]+)-----END PUBLIC KEY-----$~D';

        /** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410 section 4). */
        private const ED25519_PREFIX = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

        private function __construct(
            public readonly string $algorithm,
            private string|\OpenSSLAsymmetricKey $key,
        ) {
        }

        /**
         * @param string $text an Ed25519 key as 64 hex digits, or an Ed25519 or RSA key as PEM (SPKI)
         * @return ?self null: it is neither
         */
        public static function read(string $text): ?self
        {
            $text = trimText($text);
            if (\preg_match('/^[0-9a-f]{64}$/Di', $text) === 1) {
                return new self('ed25519', (string) \hex2bin($text));
            }
            if (\preg_match(self::PEM, $text, $match) !== 1) {
                return null;
            }
            $der = decodeBase64((string) \preg_replace('/\s+/', '', $match[1])) ?? '';
            if (\strlen($der) === 44 && \str_starts_with($der, self::ED25519_PREFIX)) {
                return new self('ed25519', \substr($der, 12));
            }
            $key = \openssl_pkey_get_public($text);
            $details = $key === false ? false : \openssl_pkey_get_details($key);
            $isRsa = $details !== false && $details['type'] === OPENSSL_KEYTYPE_RSA;
            return $isRsa && $details['bits'] >= self::RSA_BITS_MIN ? new self('rsa-sha256', $key) : null;
        }

        public function verifies(string $message, string $signature): bool
        {
            if ($this->key instanceof \OpenSSLAsymmetricKey) {
                return \openssl_verify($message, $signature, $this->key, OPENSSL_ALGO_SHA256) === 1;
            }
            return \strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES
                && \sodium_crypto_sign_verify_detached($signature, $message, $this->key);
        }
    }

    /** @param list<PublicKey> $keys */
    function anyKeyVerifies(array $keys, string $message, string $signature): bool
    {
        foreach ($keys as $key) {
            if ($key->verifies($message, $signature)) {
                return true;
            }
        }
        return false;
    }

    final class Milliseconds
    {
        public const MINUTE = 60_000;
        public const HOUR = 60 * self::MINUTE;
        public const DAY = 24 * self::HOUR;
    }

    /** Removes the spaces and line breaks that String.trim() of JavaScript removes, as the server does. */
    function trimText(string $text): string
    {
        $space = '[\x{9}-\x{d}\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]';
        return \preg_replace("/^$space+|$space+$/Du", '', $text) ?? \trim(\json_decode(
            \json_encode($text, JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR),
        ));
    }

    /** Standard base64 with padding. PHP's own strict mode accepts spaces and missing padding. */
    function decodeBase64(string $text): ?string
    {
        if ($text === '' || \strlen($text) % 4 !== 0 || \preg_match('~^[A-Za-z0-9+/]+={0,2}$~D', $text) !== 1) {
            return null;
        }
        $decoded = \base64_decode($text, true);
        return $decoded === false ? null : $decoded;
    }

    /** @return array<mixed> empty: it is no JSON object */
    function parseJson(string $text): array
    {
        $value = \json_decode($text, true, 32);
        return \is_array($value) ? $value : [];
    }

    /** A member of nested arrays, null if there is none. */
    function member(mixed $value, string ...$path): mixed
    {
        foreach ($path as $name) {
            $value = \is_array($value) ? ($value[$name] ?? null) : null;
        }
        return $value;
    }

    /** @return ?int milliseconds since 1970; null: it is no instant in ISO 8601 and UTC */
    function parseTime(mixed $text): ?int
    {
        $pattern = '/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?Z$/D';
        if (!\is_string($text) || \preg_match($pattern, $text, $match) !== 1) {
            return null;
        }
        [$year, $month, $day, $hour, $minute, $second] = \array_map(\intval(...), \array_slice($match, 1, 6));
        if (!\checkdate($month, $day, $year)) {
            return null;
        }
        return \gmmktime($hour, $minute, $second, $month, $day, $year) * 1000 + (int) ($match[7] ?? 0);
    }

    function toDate(?int $milliseconds): ?\DateTimeImmutable
    {
        if ($milliseconds === null) {
            return null;
        }
        $date = (new \DateTimeImmutable('@' . \intdiv($milliseconds, 1000)))->setTimezone(new \DateTimeZone('UTC'));
        return $date->modify('+' . $milliseconds % 1000 . ' milliseconds');
    }

    function daysUntil(int $end, int $now): int
    {
        return \max(0, (int) \ceil(($end - $now) / Milliseconds::DAY));
    }

    /** @return float from 0 to 1 */
    function randomFraction(): float
    {
        return \random_int(0, 1_000_000) / 1_000_000;
    }

    /** RFC 9562 section 5.4. */
    function randomUuid(): string
    {
        $hex = \bin2hex(\random_bytes(16));
        $hex[12] = '4';
        $hex[16] = '89ab'[\random_int(0, 3)];
        return (string) \preg_replace('/^(.{8})(.{4})(.{4})(.{4})/', '$1-$2-$3-$4-', $hex);
    }
}
