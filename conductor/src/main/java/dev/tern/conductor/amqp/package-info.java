/** Where the conductor touches the broker. */
@NullMarked
package dev.tern.conductor.amqp;

import org.jspecify.annotations.NullMarked;
