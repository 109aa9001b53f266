/** What an agent takes off the broker. */
@NullMarked
package dev.tern.agent.amqp;

import org.jspecify.annotations.NullMarked;
