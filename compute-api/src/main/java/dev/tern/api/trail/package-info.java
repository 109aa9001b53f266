/** The audit trail: who asked for what, and how it was answered. */
@NullMarked
package dev.tern.api.trail;

import org.jspecify.annotations.NullMarked;
