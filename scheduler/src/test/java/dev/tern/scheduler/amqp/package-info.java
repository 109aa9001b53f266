/** Asking over a real broker. */
@NullMarked
package dev.tern.scheduler.amqp;

import org.jspecify.annotations.NullMarked;
