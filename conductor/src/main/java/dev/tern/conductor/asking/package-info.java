/** Asking agents and schedulers, patiently. That nobody answers is an answer of its own. */
@NullMarked
package dev.tern.conductor.asking;

import org.jspecify.annotations.NullMarked;
