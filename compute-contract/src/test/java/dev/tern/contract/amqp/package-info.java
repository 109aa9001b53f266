@NullMarked
package dev.tern.contract.amqp;

import org.jspecify.annotations.NullMarked;
