<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('DATABASE_SOCKET'));
define('WP_HOME', getenv('SITE'));
define('WP_SITEURL', getenv('SITE'));
// Tests call wp-cron.php themselves.
define('DISABLE_WP_CRON', true);
// No requests for updates.
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTH_KEY', 'of the tests');
$table_prefix = 'wp_';
define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-settings.php';
// The server handles one request at a time, so the site would wait in vain for its own answer.
add_filter('pre_wp_update_https_detection_errors', fn () => new WP_Error());
