@NullMarked
package dev.tern.conductor.migration;

import org.jspecify.annotations.NullMarked;
