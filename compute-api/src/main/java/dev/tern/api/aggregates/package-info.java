/** Groups of hosts, and by them the availability zones. */
@NullMarked
package dev.tern.api.aggregates;

import org.jspecify.annotations.NullMarked;
