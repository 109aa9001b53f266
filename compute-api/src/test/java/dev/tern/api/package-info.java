@NullMarked
package dev.tern.api;

import org.jspecify.annotations.NullMarked;
