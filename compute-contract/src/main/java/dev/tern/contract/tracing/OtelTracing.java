package dev.tern.contract.tracing;

import dev.tern.contract.RequestId;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Traces by OpenTelemetry's SDK. */
final class OtelTracing implements Tracing {
  private static final long CLOSE_SECONDS = 3;

  private final SdkTracerProvider provider;
  private final Tracer tracer;
  private final RootIds ids = new RootIds();

  /**
   * @param service what this process is
   * @param instance which of those it is
   * @param host where it runs: an agent's is the name that servers know their host by
   */
  OtelTracing(String service, String instance, String host, SpanProcessor processor) {
    this.provider =
        SdkTracerProvider.builder()
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.of(
                                AttributeKey.stringKey("service.name"),
                                service,
                                AttributeKey.stringKey("service.instance.id"),
                                instance,
                                AttributeKey.stringKey("host.name"),
                                host))))
            .setIdGenerator(ids)
            .addSpanProcessor(processor)
            .build();
    this.tracer = provider.get("dev.tern");
  }

  /** Gives the next trace of a thread the ids of its request; others are made up. */
  private static final class RootIds implements IdGenerator {
    private final IdGenerator random = IdGenerator.random();
    private final ThreadLocal<Optional<RequestId>> next = ThreadLocal.withInitial(Optional::empty);

    @Override
    public String generateTraceId() {
      return next.get().map(TraceIds::trace).orElseGet(random::generateTraceId);
    }

    @Override
    public String generateSpanId() {
      return next.get().map(TraceIds::root).orElseGet(random::generateSpanId);
    }
  }

  @Override
  public Traced request(RequestId request, String name, Optional<String> cause) {
    ids.next.set(Optional.of(request));
    try {
      SpanBuilder root = builder(request, name, SpanKind.SERVER).setNoParent();
      TraceHeader.read(cause).ifPresent(root::addLink);
      return here(root.startSpan());
    } finally {
      ids.next.remove();
    }
  }

  @Override
  public Traced work(RequestId request, String name) {
    return here(child(request, name).startSpan());
  }

  @Override
  public Traced apart(RequestId request, String name) {
    return new Begun(child(request, name).startSpan(), Scope.noop());
  }

  @Override
  public void past(RequestId request, String name, Instant from, Instant to) {
    builder(request, name, SpanKind.INTERNAL)
        .setParent(root(request))
        .setStartTimestamp(from)
        .startSpan()
        .end(to.isBefore(from) ? from : to);
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with what is returned
  private static Traced here(Span span) {
    return new Begun(span, Context.current().with(span).makeCurrent());
  }

  private SpanBuilder child(RequestId request, String name) {
    return builder(request, name, SpanKind.INTERNAL).setParent(parent(request));
  }

  private SpanBuilder builder(RequestId request, String name, SpanKind kind) {
    return tracer.spanBuilder(name).setSpanKind(kind).setAttribute("request", request.value());
  }

  /** What goes on here, if it is of this request; else the request. */
  private static Context parent(RequestId request) {
    Context current = Context.current();
    if (Span.fromContext(current).getSpanContext().getTraceId().equals(TraceIds.trace(request))) {
      return current;
    }
    return root(request);
  }

  private static Context root(RequestId request) {
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.createFromRemoteParent(
                    TraceIds.trace(request),
                    TraceIds.root(request),
                    TraceFlags.getSampled(),
                    TraceState.getDefault())));
  }

  private record Begun(Span span, Scope scope) implements Traced {
    @Override
    public Traced with(String key, Object value) {
      var _ = span.setAttribute(key, value.toString());
      return this;
    }

    @Override
    public void event(String what, String detail) {
      var _ = span.addEvent(what, Attributes.of(AttributeKey.stringKey("detail"), detail));
    }

    @Override
    public void failed(String why) {
      var _ = span.setStatus(StatusCode.ERROR, why);
    }

    @Override
    public void close() {
      scope.close();
      span.end();
    }
  }

  @Override
  public void close() {
    CompletableResultCode _ = provider.shutdown().join(CLOSE_SECONDS, TimeUnit.SECONDS);
  }
}
