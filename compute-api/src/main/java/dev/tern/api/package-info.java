/**
 * The REST API: Nova's paths and bodies over the stores. A request is checked whole before the
 * first store is asked to change anything; what it changes is one store transaction, which also
 * holds the message that wakes a conductor.
 */
@NullMarked
package dev.tern.api;

import org.jspecify.annotations.NullMarked;
