/**
 * {@code auth=embedded}: a small identity service in Keystone v3's shape, under {@code
 * /identity/v3}, for one machine or a few copies of the API. Users, projects and roles come from a
 * file; tokens are in the database, so that every copy knows them and a removed one is gone.
 */
@NullMarked
package dev.tern.api.identity;

import org.jspecify.annotations.NullMarked;
