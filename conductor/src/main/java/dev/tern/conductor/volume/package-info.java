/** Volumes that a server gets and loses. */
@NullMarked
package dev.tern.conductor.volume;

import org.jspecify.annotations.NullMarked;
