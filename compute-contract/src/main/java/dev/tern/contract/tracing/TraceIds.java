package dev.tern.contract.tracing;

import dev.tern.contract.RequestId;

/** A request's trace. Both are 128 bits, so the one is the other, written without dashes. */
public final class TraceIds {
  private static final int HEADER = "req-".length();
  private static final int HALF = 16;

  private TraceIds() {}

  /** 32 hexadecimal digits, as W3C and OpenTelemetry write it. */
  public static String trace(RequestId request) {
    return request.value().substring(HEADER).replace("-", "");
  }

  /** Of the request itself, below which all else of its trace is. */
  static String root(RequestId request) {
    return trace(request).substring(HALF);
  }
}
