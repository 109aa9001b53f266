/** What the API takes from the broker. */
@NullMarked
package dev.tern.api.amqp;

import org.jspecify.annotations.NullMarked;
