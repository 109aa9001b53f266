/** Hosts as hypervisors. */
@NullMarked
package dev.tern.api.hypervisors;

import org.jspecify.annotations.NullMarked;
