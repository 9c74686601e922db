<?php
/**
 * Plugin Name: Keyseal example
 * Description: Draws a frame around [frame]text[/frame]. With the feature "pro", the frame is golden.
 * Requires PHP: 8.1
 */

defined('ABSPATH') || exit;
require_once __DIR__ . '/keyseal.php';

use Keyseal\V1\{DomainDevice, Keyseal, Status, WordPressStorage};

function keyseal_example_license(): Keyseal
{
    static $license = null;
    return $license ??= new Keyseal([
        // The file ships with the plugin, and is no secret. Do not download public keys when the plugin runs: anyone who
        // controls the connection could send others.
        ...json_decode(file_get_contents(__DIR__ . '/keyseal.json'), true),
        // Everyone who has the plugin can read its API key. Give yours only the capability `use`.
        'apiKey' => 'demo-api-key',
        'storage' => new WordPressStorage('keyseal_example_license'),
        'device' => new DomainDevice(),
        // Only wp-cron refreshes the license, so that no visitor waits for it.
        'background' => wp_doing_cron(),
    ]);
}

register_activation_hook(__FILE__, fn () => wp_schedule_event(time(), 'hourly', 'keyseal_example_check'));
register_deactivation_hook(__FILE__, fn () => wp_clear_scheduled_hook('keyseal_example_check'));
// Asks the server only if a refresh is due.
add_action('keyseal_example_check', fn () => keyseal_example_license()->check());

add_shortcode('frame', function ($attributes, ?string $text = null): string {
    $color = keyseal_example_license()->has('pro') ? 'gold' : 'gray';
    return "<p style=\"border: 2px solid $color\">" . esc_html((string) $text) . '</p>';
});

add_action('admin_menu', function (): void {
    add_options_page('Keyseal example', 'Keyseal example', 'manage_options', 'keyseal-example', 'keyseal_example_page');
});

function keyseal_example_page(): void
{
    if (!current_user_can('manage_options')) {
        return;
    }
    $text = keyseal_example_text(keyseal_example_status());
    ?>
    <div class="wrap">
        <h1>Keyseal example</h1>
        <p id="license"><?php echo esc_html($text); ?></p>
        <form method="post">
            <?php wp_nonce_field('keyseal-example'); ?>
            <label>License key: <input name="license_key" size="40"></label>
            <button class="button button-primary" name="do" value="activate">Activate</button>
            <button class="button" name="do" value="trial">Start a trial</button>
            <button class="button" name="do" value="refresh">Check again</button>
            <button class="button" name="do" value="deactivate">Deactivate</button>
        </form>
    </div>
    <?php
}

/** Does what the administrator asked for, and returns the license after that. */
function keyseal_example_status(): Status
{
    $license = keyseal_example_license();
    if (!isset($_POST['do'])) {
        return $license->check();
    }
    check_admin_referer('keyseal-example');
    return match ($_POST['do']) {
        'activate' => $license->activate(sanitize_text_field(wp_unslash($_POST['license_key'] ?? ''))),
        'trial' => $license->startTrial(),
        'deactivate' => $license->deactivate(),
        default => $license->refresh(),
    };
}

/** What the administrator should know, and do next. */
function keyseal_example_text(Status $status): string
{
    return match ($status->reason) {
        null => '',
        'unreachable' => 'The license server cannot be reached. ',
        'wrong-machine' => 'The license is for another domain. ',
        default => 'The license server has no answer now. Try again later. ',
    } . match ($status->state) {
        'valid' => $status->daysLeft === null ? 'The license is active.' : "The license is active. Days left: $status->daysLeft",
        'grace' => "The license could not be renewed. Days until it stops: $status->daysLeft",
        'expired' => 'The license has ended. Renew it, then choose Check again.',
        'blocked' => 'The license was blocked. Please contact us.',
        'limit-reached' => 'The license is active on too many sites. Deactivate one of them.',
        'unlicensed' => $status->code === '210' ? 'This license key is wrong.' : 'Enter your license key, or start a trial.',
        'clock-set-back' => 'The clock of the server is wrong. Correct it, then choose Check again.',
        default => 'The license file was changed. Choose Check again.',
    };
}
