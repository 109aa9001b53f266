/**
 * Metrics: how all of Tern stands. Each copy of the API shows the same; graphs take the highest.
 */
@NullMarked
package dev.tern.api.metrics;

import org.jspecify.annotations.NullMarked;
