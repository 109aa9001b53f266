package dev.tern.contract.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.contract.RequestId;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each tracing here stands for a process of its own. */
@DisplayName("A trace")
class OtelTracingTest {
  private final RequestId request =
      RequestId.of(UUID.fromString("0123abcd-1111-4222-8333-444455556666"));
  private final List<SpanData> sent = new ArrayList<>();
  private final Tracing api = process("tern-api");
  private final Tracing conductor = process("tern-conductor");
  private final Tracing agent = process("tern-agent");

  private Tracing process(String name) {
    return new OtelTracing(
        name,
        name + "-7",
        "host-7",
        SimpleSpanProcessor.create(
            new SpanExporter() {
              @Override
              public CompletableResultCode export(Collection<SpanData> spans) {
                sent.addAll(spans);
                return CompletableResultCode.ofSuccess();
              }

              @Override
              public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
              }

              @Override
              public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
              }
            }));
  }

  private SpanData span(String name) {
    return sent.stream().filter(each -> each.getName().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void goes_from_the_request_through_processes_that_know_its_id_alone() {
    api.request(request, "POST /v1/migrations", Optional.empty()).close();
    // Later, elsewhere, and again after a restart: nothing but the row with the request's id.
    Optional<String> header;
    try (Traced _ = conductor.work(request, "live-migration")) {
      conductor.past(request, "outbox", Instant.EPOCH, Instant.EPOCH.plusMillis(5));
    }
    try (Traced _ = conductor.work(request, "live-migration");
        Traced step = conductor.work(request, "mirror-disks")) {
      header = TraceHeader.here();
      step.failed("no room");
    }
    TraceHeader.within(header, () -> agent.apart(request, "MirrorDisks").close());

    String trace = "0123abcd111142228333444455556666";
    assertThat(TraceIds.trace(request)).isEqualTo(trace);
    assertThat(span("MirrorDisks").getResource().getAttributes().asMap())
        .containsEntry(AttributeKey.stringKey("service.name"), "tern-agent")
        .containsEntry(AttributeKey.stringKey("service.instance.id"), "tern-agent-7")
        .containsEntry(AttributeKey.stringKey("host.name"), "host-7");
    assertThat(sent).extracting(SpanData::getTraceId).containsOnly(trace).hasSize(6);
    assertThat(span("POST /v1/migrations").getParentSpanContext().isValid()).isFalse();
    String root = span("POST /v1/migrations").getSpanId();
    assertThat(span("outbox").getParentSpanId()).isEqualTo(root);
    assertThat(span("live-migration").getParentSpanId()).isEqualTo(root);
    assertThat(span("mirror-disks").getParentSpanId())
        .isEqualTo(
            sent.stream()
                .filter(each -> each.getName().equals("live-migration"))
                .toList()
                .getLast()
                .getSpanId());
    assertThat(span("MirrorDisks").getParentSpanId()).isEqualTo(span("mirror-disks").getSpanId());
    assertThat(span("mirror-disks").getStatus().getDescription()).isEqualTo("no room");
    assertThat(TraceHeader.here()).as("when all is over").isEmpty();
  }

  @Test
  void is_not_that_of_another_request_that_is_worked_for_on_the_same_thread() {
    RequestId other = RequestId.of(UUID.randomUUID());
    try (Traced _ = conductor.work(other, "drain")) {
      conductor.work(request, "live-migration").close();
    }
    assertThat(span("live-migration").getTraceId()).isEqualTo(TraceIds.trace(request));
    assertThat(span("drain").getTraceId()).isEqualTo(TraceIds.trace(other));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "00", "01-x", "00-zz-11-01", "\n"})
  void is_passed_over_by_who_cannot_read_where_it_comes_from(String header) {
    TraceHeader.within(Optional.of(header), () -> agent.apart(request, "AskGuest").close());
    assertThat(span("AskGuest").getTraceId()).isEqualTo(TraceIds.trace(request));
  }

  @Test
  void is_linked_to_the_trace_of_its_caller() {
    String theirs = "00-aaaabbbbccccddddeeeeffff00001111-1234567890abcdef-01";
    api.request(request, "POST /v1/migrations", Optional.of(theirs)).close();
    SpanData root = span("POST /v1/migrations");
    assertThat(root.getTraceId()).isEqualTo(TraceIds.trace(request));
    assertThat(root.getParentSpanContext().isValid()).isFalse();
    assertThat(root.getLinks())
        .singleElement()
        .satisfies(link -> {
          assertThat(link.getSpanContext().getTraceId()).startsWith("aaaabbbb");
          assertThat(link.getSpanContext().getSpanId()).isEqualTo("1234567890abcdef");
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hello",
        "00-00000000000000000000000000000000-1234567890abcdef-01",
        "00-aaaabbbbccccddddeeeeffff00001111-0000000000000000-01",
        "00-AAAABBBBCCCCDDDDEEEEFFFF00001111-1234567890abcdef-01"
      })
  void is_linked_to_nothing_that_is_no_trace(String header) {
    api.request(request, "POST /v1/migrations", Optional.of(header)).close();
    assertThat(span("POST /v1/migrations").getLinks()).isEmpty();
  }

  @Test
  void has_work_that_is_asked_about_again_and_again_once() {
    TracedAnswers<RequestId, String> answers =
        new TracedAnswers<>(agent, asked -> asked, "done"::equals, (_, traced) -> traced);
    String[] said = {"working"};
    Function<RequestId, String> around = answers.around(_ -> said[0]);
    for (int i = 0; i < 5; i++) {
      assertThat(around.apply(request)).isEqualTo("working");
    }
    assertThat(sent).isEmpty();

    said[0] = "done";
    assertThat(around.apply(request)).isEqualTo("done");

    assertThat(sent).hasSize(1);
  }

  @Test
  void goes_nowhere_in_plaintext_unless_that_is_meant() {
    assertThatThrownBy(() -> new OtlpSettings(Optional.of("http://traces.example:4318"), false))
        .hasMessageContaining("in plaintext");
    assertThatThrownBy(() -> new OtlpSettings(Optional.of("ftp://127.0.0.1"), false))
        .hasMessageContaining("http://host:port");
    assertThatCode(
            () -> {
              var _ = new OtlpSettings(Optional.of("http://traces.example:4318"), true);
              var _ = new OtlpSettings(Optional.of("https://traces.example:4318"), false);
              var _ = new OtlpSettings(Optional.of("http://127.0.0.1:4318"), false);
              assertThat(new OtlpSettings(Optional.of(" "), false).endpoint()).isEmpty();
            })
        .doesNotThrowAnyException();
  }
}
