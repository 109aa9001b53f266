/** The thin adapter to the broker: the only place where Tern touches RabbitMQ. */
@NullMarked
package dev.tern.contract.amqp;

import org.jspecify.annotations.NullMarked;
