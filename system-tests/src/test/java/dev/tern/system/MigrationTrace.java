package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.system.TraceReceiver.Told;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What was told of the one migration there was. */
final class MigrationTrace {
  private final List<Told> spans;

  /** Of all that was told; a form has other work to do as well. */
  MigrationTrace(List<Told> told) {
    List<Told> sagas = told.stream().filter(span -> span.name().equals("live-migration")).toList();
    assertThat(sagas).as("work on the saga, in %s", told).isNotEmpty();
    Set<String> traces = sagas.stream().map(Told::trace).collect(Collectors.toSet());
    assertThat(traces).as("traces of one migration").hasSize(1);
    this.spans = told.stream().filter(span -> traces.contains(span.trace())).toList();
  }

  /**
   * One tree below the API's request, through every process, although some were killed meanwhile:
   * what these were in the middle of was never told, and what had been asked for by it stands
   * alone.
   */
  void mustBeWhole(String source, String destination) {
    List<Told> roots = spans.stream().filter(span -> span.parent().isEmpty()).toList();
    assertThat(roots).as("%s", spans).hasSize(1);
    Told root = roots.getFirst();
    assertThat(root.service()).isEqualTo("tern-api");
    assertThat(root.id()).as("is the trace's second half").isEqualTo(root.trace().substring(16));
    assertThat(spans.stream().map(Told::service).distinct())
        .containsExactlyInAnyOrder("tern-api", "tern-conductor", "tern-scheduler", "tern-agent");
    // Both were killed in the middle of it, and both told of it all the same.
    assertThat(
            spans.stream()
                .filter(span -> span.service().equals("tern-agent"))
                .map(Told::host)
                .distinct())
        .containsExactlyInAnyOrder(source, destination);
    assertThat(of("outbox").getFirst().parent()).isEqualTo(root.id());
    assertThat(of("live-migration")).allMatch(span -> span.parent().equals(root.id()));
    // The conductor that came to the end was not killed: nothing of its work is missing.
    for (String step : List.of("await-arrival", "change-owner", "retire-source")) {
      assertThat(of(step)).as(step).isNotEmpty();
      assertBelow(of(step).getLast(), "live-migration");
    }
  }

  private List<Told> of(String name) {
    return spans.stream().filter(span -> span.name().equals(name)).toList();
  }

  private void assertBelow(Told span, String name) {
    assertThat(of(name)).as("%s below %s", span, name).extracting(Told::id).contains(span.parent());
  }
}
