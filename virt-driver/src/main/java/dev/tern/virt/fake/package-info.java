/**
 * The driver with simulated guests: the same contract without QEMU, for tests and for many hosts on
 * one machine. It refuses what the real one refuses.
 */
@NullMarked
package dev.tern.virt.fake;

import org.jspecify.annotations.NullMarked;
