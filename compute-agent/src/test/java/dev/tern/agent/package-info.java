@NullMarked
package dev.tern.agent;

import org.jspecify.annotations.NullMarked;
