@NullMarked
package dev.tern.api.policy;

import org.jspecify.annotations.NullMarked;
