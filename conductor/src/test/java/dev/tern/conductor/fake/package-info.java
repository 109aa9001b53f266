/** A cloud that refuses what the real one refuses, and fails when told. */
@NullMarked
package dev.tern.conductor.fake;

import org.jspecify.annotations.NullMarked;
