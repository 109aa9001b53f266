/**
 * {@code ./tern demo}: the main job, end to end, driven through the public API and judged from
 * outside: by what the guest said on its console and by what is on its disks.
 */
@NullMarked
package dev.tern.standalone.demo;

import org.jspecify.annotations.NullMarked;
