/**
 * Whether a move will end, and what to do so that it does. Pure: figures in, one action out; who
 * drives QEMU carries it out.
 *
 * <pre>
 *   memory:  wait ──▶ raise the downtime limit, up to the policy's pause ──▶ post-copy, if allowed
 *                                                                     └──▶ slow the processors down
 *   disks:   wait ──▶ writes wait for both sides ──▶ fewer writes a second
 *   both:    at the deadline, or when forced:  give up │ pause the guest │ post-copy
 * </pre>
 */
@NullMarked
package dev.tern.virt.converge;

import org.jspecify.annotations.NullMarked;
