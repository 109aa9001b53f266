/**
 * {@code ./tern load}: many migrations at once on simulated guests while parts of Tern are killed.
 *
 * <p>Everything runs in one JVM, and a kill is honest all the same, because all that a part can do
 * to the world goes through something that is taken from it at once: the sockets to broker and
 * database ({@code Wire}), an agent's files ({@code MortalFiles}) and its hypervisor ({@code
 * MortalDriver}). What is left of the part then runs into closed doors until it is cleared away.
 * Broker and database are processes, and are killed as such.
 */
@NullMarked
package dev.tern.standalone.load;

import org.jspecify.annotations.NullMarked;
