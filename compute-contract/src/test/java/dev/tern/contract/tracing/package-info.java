@NullMarked
package dev.tern.contract.tracing;

import org.jspecify.annotations.NullMarked;
