/** {@code /v1/drains}: emptying hosts, and bringing their servers home. */
@NullMarked
package dev.tern.api.drains;

import org.jspecify.annotations.NullMarked;
