/**
 * All of Tern on one machine: {@code ./tern up} and {@code ./tern demo}. Starts an own PostgreSQL
 * and RabbitMQ, then the same applications that run as processes elsewhere, each in its own Spring
 * context or its own process.
 */
@NullMarked
package dev.tern.standalone;

import org.jspecify.annotations.NullMarked;
