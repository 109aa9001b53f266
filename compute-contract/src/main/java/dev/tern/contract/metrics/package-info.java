/**
 * What Tern measures of itself. Every meter of every process is one of {@link
 * dev.tern.contract.metrics.Metric}, and docs/metrics.md is made of them.
 */
@NullMarked
package dev.tern.contract.metrics;

import org.jspecify.annotations.NullMarked;
