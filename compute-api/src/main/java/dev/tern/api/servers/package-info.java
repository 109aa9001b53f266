/** Servers: made, listed, shown, started, stopped, deleted, in Nova's shape. */
@NullMarked
package dev.tern.api.servers;

import org.jspecify.annotations.NullMarked;
