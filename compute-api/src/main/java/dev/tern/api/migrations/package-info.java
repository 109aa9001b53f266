/** Live migrations: asked for, watched, stopped. */
@NullMarked
package dev.tern.api.migrations;

import org.jspecify.annotations.NullMarked;
