/** What Nova once did about networks, and what it has no more. */
@NullMarked
package dev.tern.api.networks;

import org.jspecify.annotations.NullMarked;
