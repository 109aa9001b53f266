/** What all applications do with their settings. */
@NullMarked
package dev.tern.contract.settings;

import org.jspecify.annotations.NullMarked;
