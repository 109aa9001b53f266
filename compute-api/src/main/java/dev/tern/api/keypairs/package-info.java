/** Public keys of users; private ones are made here at most, and never kept. */
@NullMarked
package dev.tern.api.keypairs;

import org.jspecify.annotations.NullMarked;
