/** QEMU processes: launch, adopt, end, and the two halves of a live migration over QMP. */
@NullMarked
package dev.tern.virt.qemu;

import org.jspecify.annotations.NullMarked;
