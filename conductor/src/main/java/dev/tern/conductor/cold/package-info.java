/**
 * Servers that go to another host without their guest running, and what becomes of them: confirmed
 * or reverted.
 */
@NullMarked
package dev.tern.conductor.cold;

import org.jspecify.annotations.NullMarked;
