/** Disk image files: made and looked at with {@code qemu-img}, and never believed unread. */
@NullMarked
package dev.tern.virt.disk;

import org.jspecify.annotations.NullMarked;
