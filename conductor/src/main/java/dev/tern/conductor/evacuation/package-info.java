/**
 * Servers of a host that was fenced, made anew on another; and what that host is told when it is
 * back.
 */
@NullMarked
package dev.tern.conductor.evacuation;

import org.jspecify.annotations.NullMarked;
