/**
 * What is done with the disks of a server where it is: copied to another file, frozen into a layer,
 * made into an image. QEMU does the work and needs nobody meanwhile; these stories begin it, watch
 * it and end it.
 */
@NullMarked
package dev.tern.conductor.disk;

import org.jspecify.annotations.NullMarked;
