/** Microversions: the table of every step of Nova's API, and which of them a request asked for. */
@NullMarked
package dev.tern.api.version;

import org.jspecify.annotations.NullMarked;
