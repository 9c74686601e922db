<?php

/** Where a license is kept, and what names a device. */

declare(strict_types=1);

namespace Keyseal\Tests;

use Keyseal\V1\Device;
use Keyseal\V1\DomainDevice;
use Keyseal\V1\FileStorage;
use Keyseal\V1\MachineParts;

$PARTS = ['machine' => ['a'], 'host' => ['b'], 'processor' => ['c'], 'board' => ['d'], 'network' => ['e', 'f']];
$device = fn (MemoryStorage $storage, array $change = []) => (new Device($storage, $change + $PARTS))->identifier();

test('a file is only for its owner, and replaced as a whole', function () {
    $folder = newFolder();
    $storage = new FileStorage("$folder/new/folder/license.json");
    same(null, $storage->read());
    $storage->write('one');
    $storage->write('two');
    same('two', $storage->read());
    same(['license.json'], \array_slice(\scandir("$folder/new/folder"), 2));
    same([0600, 0700], [\fileperms("$folder/new/folder/license.json") & 0777, \fileperms("$folder/new/folder") & 0777]);
    removeFolder($folder);
});

test('a file that cannot be written is an error, and leaves nothing behind', function () {
    $folder = newFolder();
    \mkdir("$folder/license.json");
    $write = fn (string $path) => fn () => (new FileStorage($path))->write('text');
    throws(\RuntimeException::class, "$folder/license.json", $write("$folder/license.json"));
    same(['license.json'], \array_slice(\scandir($folder), 2));
    \file_put_contents("$folder/file", '');
    throws(\RuntimeException::class, "$folder/file/license.json", $write("$folder/file/license.json"));
    removeFolder($folder);
});

test('a device keeps its random identifier', function () use ($device) {
    $storage = new MemoryStorage();
    $identifier = $device($storage);
    same(1, \preg_match('/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/D', $identifier));
    same([$identifier, 1], [$device($storage), $storage->writes]);
    same(false, $device(new MemoryStorage()) === $identifier);
});

test('a device survives one changed part, and not two', function () use ($device, $PARTS) {
    foreach (\array_keys($PARTS) as $name) {
        $storage = new MemoryStorage();
        $identifier = $device($storage);
        $text = $storage->text;
        same($identifier, $device($storage, [$name => ['x']]), $name);
        $storage->text = $text;
        $other = $name === 'host' ? 'network' : 'host';
        same(false, $device($storage, [$name => ['x'], $other => ['y']]) === $identifier, "$name and $other");
    }
});

test('parts may change one after another', function () use ($device) {
    $storage = new MemoryStorage();
    $identifier = $device($storage);
    same($identifier, $device($storage, ['host' => ['x']]));
    same($identifier, $device($storage, ['host' => ['x'], 'board' => ['y']]));
});

test('a part that cannot be read counts as unchanged', function () use ($device) {
    $storage = new MemoryStorage();
    $identifier = $device($storage, ['board' => []]);
    same($identifier, $device($storage, ['machine' => [], 'processor' => [], 'network' => []]));
    same($identifier, $device($storage, ['machine' => [], 'host' => ['x']]));
});

test('one of several network cards is enough', function () use ($device) {
    $storage = new MemoryStorage();
    $identifier = $device($storage);
    same($identifier, $device($storage, ['network' => ['f', 'g'], 'host' => ['x']]));
});

test('nothing of the machine is stored in readable form', function () {
    $storage = new MemoryStorage();
    (new Device($storage, ['host' => ['my-laptop'], 'network' => ['00:11:22:33:44:55']]))->identifier();
    same(false, \str_contains($storage->text ?? '', 'my-laptop') || \str_contains($storage->text ?? '', '00:11'));
    $other = new MemoryStorage();
    (new Device($other, ['host' => ['my-laptop']]))->identifier();
    same(false, $storage->members()['parts']['host'] === $other->members()['parts']['host']);
});

test('a damaged device file gives a new identifier', function () use ($device) {
    foreach (['', '{', '{"version":1}', '{"identifier":"","salt":"a","parts":{}}'] as $text) {
        $storage = new MemoryStorage();
        $storage->text = $text;
        same(36, \strlen($device($storage)));
    }
});

test('the parts of this machine are the same each time', function () {
    same(MachineParts::read(), MachineParts::read());
    same([(string) \gethostname()], MachineParts::read()['host']);
});

test('a site is named by its domain', function () {
    foreach (['https://www.Example.com:8443/shop/', 'http://example.com', 'example.com', 'WWW.example.com/'] as $url) {
        same('example.com', (new DomainDevice($url))->identifier(), $url);
    }
    same('shop.example.com', (new DomainDevice('https://shop.example.com'))->identifier());
    throws(\RuntimeException::class, 'DomainDevice', fn () => (new DomainDevice(''))->identifier());
});
