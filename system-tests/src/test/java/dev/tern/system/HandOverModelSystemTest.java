package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.system.ModelChecker.Checked;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code docs/spec} checked exhaustively for small bounds. Needs nothing but a JDK; it is among the
 * system's tests for the minute it takes.
 */
@DisplayName("The model of the hand-over")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HandOverModelSystemTest {
  /** So that a model whose first step is never taken is not taken for a proof. */
  private static final long TWO_FAULTS = 15_000;

  private static final long ONE_FAULT = 2_500;

  private static final long ONE_HOST = 1_000;

  /** Actions that only a broken variant takes. */
  private static final Map<String, String> OF_VARIANTS =
      Map.of(
          "ContinuesUnrecorded", "RecordedAfterwards",
          "RecordsAfterwards", "RecordedAfterwards",
          "StartsHalfCopied", "HalfCopyStarted");

  /** What only a QEMU does that was allowed post-copy. */
  private static final Set<String> POST_COPY = Set.of("FailsInTheTail", "LosesItsPeer");

  /** Parts of {@code Next}, and what is lost and fenced. */
  private static final List<String> PARTS = List.of("Progress", "RequestsHandled", "Faulty");

  private static final List<String> FENCED = List.of("Fenced");

  @TempDir Path scratch;

  @Test
  void has_one_runner_and_one_owner_and_loses_nothing_whatever_two_faults_there_are()
      throws Exception {
    Checked checked = ModelChecker.check("HandOver.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(TWO_FAULTS);
    Set<String> known = actions(PARTS);
    assertThat(known).hasSizeGreaterThan(40).contains("HandOver", "Records", "QemuDies");
    Set<String> fenced = actions(FENCED);
    assertThat(fenced).hasSizeGreaterThan(10).contains("States", "GoesOnWithout", "TellsFenced");
    assertThat(checked.taken().keySet()).containsAll(known).containsAll(fenced);
    fenced.addAll(OF_VARIANTS.keySet());
    fenced.addAll(POST_COPY);
    assertThat(never(checked)).as("actions that are never taken").isEqualTo(fenced);
  }

  private static Set<String> never(Checked checked) {
    return checked.taken().entrySet().stream()
        .filter(action -> action.getValue() == 0)
        .map(Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Each operator that these parts of {@code Next} consist of. */
  private static Set<String> actions(List<String> parts) throws Exception {
    String spec = Files.readString(ModelChecker.SPEC.resolve("HandOver.tla"), UTF_8);
    Set<String> names = new TreeSet<>();
    for (String part : parts) {
      String body = spec.split("\n" + part + " ==\n", 2)[1].split("\n\n", 2)[0];
      Pattern.compile("\\b[A-Z][A-Za-z]{3,}\\b")
          .matcher(body.replace("Hosts", ""))
          .results()
          .forEach(name -> names.add(name.group()));
    }
    return names;
  }

  @Test
  void leaves_nothing_where_the_guest_is_not_whatever_two_faults_there_are() throws Exception {
    Checked checked = ModelChecker.check("NothingLeft.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(TWO_FAULTS);
  }

  @Test
  void has_one_runner_and_one_owner_there_and_back_with_any_fault() throws Exception {
    Checked checked = ModelChecker.check("ThereAndBack.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(TWO_FAULTS);
  }

  @Test
  void ends_every_migration_with_a_guest_that_runs_whatever_fault_there_is() throws Exception {
    Checked checked = ModelChecker.check("Ends.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(ONE_FAULT);
  }

  @Test
  @Tag("S88")
  void has_one_runner_and_one_owner_and_keeps_what_ran_when_a_host_is_fenced() throws Exception {
    Checked fenced = ModelChecker.check("Fenced.cfg", scratch);
    assertThat(fenced.complete()).as(fenced.output()).isTrue();
    assertThat(fenced.distinctStates()).isGreaterThan(TWO_FAULTS);
    Checked mistaken = ModelChecker.check("Mistaken.cfg", scratch);
    assertThat(mistaken.complete()).as(mistaken.output()).isTrue();
    assertThat(mistaken.distinctStates()).isGreaterThan(ONE_HOST);
    Set<String> neither = actions(FENCED);
    neither.retainAll(never(fenced));
    neither.retainAll(never(mistaken));
    assertThat(neither).as("actions that neither takes").containsExactly("StartsHalfCopied");
  }

  @Test
  @Tag("S88")
  void ends_every_migration_though_a_host_never_comes_back() throws Exception {
    Checked checked = ModelChecker.check("FencedEnds.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(ONE_HOST);
  }

  @Test
  @Tag("S84")
  void has_one_runner_and_one_owner_and_ends_where_post_copy_is_allowed() throws Exception {
    for (String configuration : List.of("PostCopyAllowed.cfg", "PostCopyFenced.cfg")) {
      Checked checked = ModelChecker.check(configuration, scratch);
      assertThat(checked.complete()).as(checked.output()).isTrue();
      assertThat(checked.distinctStates()).isGreaterThan(TWO_FAULTS);
      assertThat(never(checked)).as(configuration).doesNotContainAnyElementsOf(POST_COPY);
    }
    Checked ends = ModelChecker.check("PostCopyEnds.cfg", scratch);
    assertThat(ends.complete()).as(ends.output()).isTrue();
    assertThat(ends.distinctStates()).isGreaterThan(ONE_FAULT);
  }

  @ParameterizedTest
  @CsvSource({
    "RecordedAfterwards, OneRunner, Stays",
    "StartsWithoutPermit, NothingLost, Starts",
    "SilenceIsDeath, OneRunner, ReturnHome",
    "ComesHomeWhileLeaving, OneRunner, ComesHome",
    "PermitOfAPassedEpoch, OneRunner, Starts",
    "QemuFailsInTheTail, OneRunner, FailsInTheTail",
    "NotFenced, OneRunner, States",
    "StartsAgainAtItsStart, OneRunner, LosesPower",
    "RunsWhatCame, OneRunner, StatesOverAQemu",
    "CannotSayIsSilence, OneRunner, HearsNothing",
    "HalfCopyStarted, NothingLost, StartsHalfCopied",
    "MovedBeforeItIsHeard, temporal property, LosesPower",
  })
  void fails_when_broken(String variant, String invariant, String step) throws Exception {
    Checked checked = ModelChecker.check("variants/%s.cfg".formatted(variant), scratch);
    assertThat(checked.violated()).as(checked.output()).containsExactly(invariant);
    assertThat(checked.complete()).isFalse();
    assertThat(checked.trace())
        .as("the counterexample names the step that breaks it")
        .hasSizeGreaterThan(10)
        .anySatisfy(line -> assertThat(line).contains(" %s ".formatted(step)));
    assertThat(
            OF_VARIANTS.entrySet().stream()
                .filter(action -> action.getValue().equals(variant))
                .map(Map.Entry::getKey))
        .allSatisfy(action -> assertThat(checked.taken().get(action)).isPositive());
  }

  @Test
  void has_no_variant_that_is_not_checked() throws Exception {
    try (Stream<Path> variants = Files.list(ModelChecker.SPEC.resolve("variants"))) {
      assertThat(variants.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "RecordedAfterwards.cfg",
              "StartsWithoutPermit.cfg",
              "SilenceIsDeath.cfg",
              "ComesHomeWhileLeaving.cfg",
              "PermitOfAPassedEpoch.cfg",
              "QemuFailsInTheTail.cfg",
              "NotFenced.cfg",
              "StartsAgainAtItsStart.cfg",
              "RunsWhatCame.cfg",
              "CannotSayIsSilence.cfg",
              "HalfCopyStarted.cfg",
              "MovedBeforeItIsHeard.cfg");
    }
  }
}
