@NullMarked
package dev.tern.conductor;

import org.jspecify.annotations.NullMarked;
