/** Servers that go to another host without their guest running. */
@NullMarked
package dev.tern.api.cold;

import org.jspecify.annotations.NullMarked;
