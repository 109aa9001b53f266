/** What can be done to servers that live: actions, and what their owners write on them. */
@NullMarked
package dev.tern.api.life;

import org.jspecify.annotations.NullMarked;
