package dev.tern.contract.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** W3C's {@code traceparent}, by which a message says what work it is a part of. */
public final class TraceHeader {
  public static final String NAME = "traceparent";

  private static final Pattern FORM =
      Pattern.compile("00-(?<trace>[0-9a-f]{32})-(?<span>[0-9a-f]{16})-[0-9a-f]{2}");

  private TraceHeader() {}

  /** Of the work on this thread; empty when none of it is traced. */
  public static Optional<String> here() {
    SpanContext span = Span.current().getSpanContext();
    return span.isValid()
        ? Optional.of("00-%s-%s-01".formatted(span.getTraceId(), span.getSpanId()))
        : Optional.empty();
  }

  /**
   * Does something as a part of the work that a header names. One that says nothing, or nothing
   * that can be read, is passed over: it is no reason to refuse a message.
   */
  public static void within(Optional<String> header, Runnable work) {
    Optional<SpanContext> remote = read(header);
    if (remote.isEmpty()) {
      work.run();
      return;
    }
    try (Scope _ = Context.root().with(Span.wrap(remote.get())).makeCurrent()) {
      work.run();
    }
  }

  /** What a header names; empty when that is nothing, or cannot be read. */
  static Optional<SpanContext> read(Optional<String> header) {
    return header
        .map(FORM::matcher)
        .filter(Matcher::matches)
        .map(named ->
            SpanContext.createFromRemoteParent(
                named.group("trace"),
                named.group("span"),
                TraceFlags.getSampled(),
                TraceState.getDefault()))
        // All zeroes are no ids.
        .filter(SpanContext::isValid);
  }
}
