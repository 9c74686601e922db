<?php
/**
 * Shows the plugin without WordPress: run it with `php -S`. It has the few functions of WordPress that the plugin calls, as
 * simple as possible. Everyone is an administrator here, so it is not for a server that others can reach.
 */

const ABSPATH = __DIR__;
const SETTINGS = '/wp-admin/options-general.php';
const OPTIONS_FILE = __DIR__ . '/preview-options.json';

$actions = [];
$shortcodes = [];
$pages = [];

function add_action(string $name, callable $run): void
{
    $GLOBALS['actions'][$name] = $run;
}

function add_shortcode(string $name, callable $render): void
{
    $GLOBALS['shortcodes'][$name] = $render;
}

function add_options_page(string $title, string $menu, string $capability, string $page, callable $render): void
{
    $GLOBALS['pages'][$page] = $render;
}

function get_option(string $name, mixed $default = false): mixed
{
    $options = ['home' => "http://{$_SERVER['HTTP_HOST']}"];
    if (is_file(OPTIONS_FILE)) {
        $options += json_decode(file_get_contents(OPTIONS_FILE), true);
    }
    return $options[$name] ?? $default;
}

function update_option(string $name, string $value): bool
{
    $options = is_file(OPTIONS_FILE) ? json_decode(file_get_contents(OPTIONS_FILE), true) : [];
    return file_put_contents(OPTIONS_FILE, json_encode([$name => $value] + $options)) !== false;
}

function wp_nonce_field(string $action): void
{
    echo '<input type="hidden" name="_wpnonce" value="' . $_SESSION['nonce'] . '">';
}

function check_admin_referer(string $action): void
{
    if (!hash_equals($_SESSION['nonce'], (string) ($_POST['_wpnonce'] ?? ''))) {
        http_response_code(403);
        exit('The link you followed has expired.');
    }
}

function esc_html(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}

function current_user_can(string $capability): bool
{
    return true;
}

function wp_doing_cron(): bool
{
    return $_SERVER['SCRIPT_NAME'] === '/wp-cron.php';
}

function sanitize_text_field(string $text): string
{
    return trim(strip_tags($text));
}

function wp_unslash(string $text): string
{
    return $text; // Only WordPress adds slashes.
}

function register_activation_hook(string $file, callable $run): void
{
}

function register_deactivation_hook(string $file, callable $run): void
{
}

function wp_cache_delete(string $name, string $group): void
{
}

require __DIR__ . '/keyseal-example.php';

if (wp_doing_cron()) {
    $actions['keyseal_example_check']();
    return;
}
session_start();
$_SESSION['nonce'] ??= bin2hex(random_bytes(16));
$actions['admin_menu']();
echo '<!doctype html><meta charset="utf-8"><title>Keyseal example</title>';
if (str_starts_with($_SERVER['REQUEST_URI'], SETTINGS)) {
    $pages['keyseal-example']();
} else {
    echo $shortcodes['frame']([], 'Hello'), '<a href="' . SETTINGS . '?page=keyseal-example">Settings</a>';
}
