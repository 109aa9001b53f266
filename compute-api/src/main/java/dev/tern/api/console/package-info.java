/** What guests say on their consoles. */
@NullMarked
package dev.tern.api.console;

import org.jspecify.annotations.NullMarked;
