/** The schedulers' queue. */
@NullMarked
package dev.tern.scheduler.amqp;

import org.jspecify.annotations.NullMarked;
