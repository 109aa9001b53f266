/**
 * A client of the REST API, for programs; {@code command} is the one for people. It knows nothing
 * of Tern but what {@code docs/api.md} says.
 */
@NullMarked
package dev.tern.client;

import org.jspecify.annotations.NullMarked;
