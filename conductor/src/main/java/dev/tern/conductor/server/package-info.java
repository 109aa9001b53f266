/** A server's life: boot, start, stop, delete; each a story of a few lines. */
@NullMarked
package dev.tern.conductor.server;

import org.jspecify.annotations.NullMarked;
