<?php
/** Installs WordPress with an administrator, an editor, the plugin and one page that uses it. */

define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require getcwd() . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

/** WordPress would send an e-mail. */
function wp_new_blog_notification(): void
{
}

wp_install('Site', 'admin', 'admin@example.com', false, '', 'admin');
wp_insert_user(['user_login' => 'editor', 'user_pass' => 'editor', 'role' => 'editor']);
switch_theme('plain');
wp_update_post(['ID' => 1, 'post_content' => '[frame]Hello[/frame]']);
$result = activate_plugin('keyseal-example/keyseal-example.php');
exit(is_wp_error($result) ? $result->get_error_message() : 0);
