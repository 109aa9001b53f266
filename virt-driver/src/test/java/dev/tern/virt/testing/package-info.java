/** What tests of every module that needs QEMU have in common. */
@NullMarked
package dev.tern.virt.testing;

import org.jspecify.annotations.NullMarked;
