/** What surrounds a project: limits, extensions, key pairs and other lists that are empty here. */
@NullMarked
package dev.tern.api.account;

import org.jspecify.annotations.NullMarked;
