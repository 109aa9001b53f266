/**
 * A PostgreSQL and a RabbitMQ of one's own, for Tern on one machine and for tests. Loopback only.
 */
@NullMarked
package dev.tern.local;

import org.jspecify.annotations.NullMarked;
