/** The disks of a server, their copies and snapshots, and images made of them. */
@NullMarked
package dev.tern.api.disks;

import org.jspecify.annotations.NullMarked;
