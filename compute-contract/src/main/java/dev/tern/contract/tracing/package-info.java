/**
 * Traces by OpenTelemetry: one for each request, through every process that works for it. The
 * request's id is the trace's, and that is in every row and message of the request already: whoever
 * goes on with the work after a restart goes on with the trace.
 */
@NullMarked
package dev.tern.contract.tracing;

import org.jspecify.annotations.NullMarked;
