@NullMarked
package dev.tern.local;

import org.jspecify.annotations.NullMarked;
