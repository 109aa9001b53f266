/**
 * The real saga and the real agents over simulated QEMUs, in one thread, in an order that a seed
 * chooses.
 */
@NullMarked
package dev.tern.simulation;

import org.jspecify.annotations.NullMarked;
