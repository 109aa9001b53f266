/**
 * One class for each thing that makes a host better or worse than another that will do too. Pure.
 */
@NullMarked
package dev.tern.scheduler.weigher;

import org.jspecify.annotations.NullMarked;
