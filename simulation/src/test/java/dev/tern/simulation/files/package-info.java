/** A file system in memory, whose every change is told before it happens. */
@NullMarked
package dev.tern.simulation.files;

import org.jspecify.annotations.NullMarked;
