/** What was asked of a server, and how it went. */
@NullMarked
package dev.tern.api.actions;

import org.jspecify.annotations.NullMarked;
