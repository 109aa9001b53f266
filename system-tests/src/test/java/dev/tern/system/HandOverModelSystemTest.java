package dev.tern.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.system.ModelChecker.Checked;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code docs/spec} checked exhaustively for small bounds. Needs nothing but a JDK; it is among the
 * system's tests for the half minute it takes.
 */
@DisplayName("The model of the hand-over")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HandOverModelSystemTest {
  /** So that a model whose first step is never taken is not taken for a proof. */
  private static final long TWO_FAULTS = 20_000;

  private static final long ONE_FAULT = 2_500;

  /** Actions that only a broken variant takes. */
  private static final Map<String, String> OF_VARIANTS =
      Map.of(
          "ContinuesUnrecorded", "RecordedAfterwards",
          "RecordsAfterwards", "RecordedAfterwards",
          "FailsInTheTail", "QemuFailsInTheTail");

  @TempDir Path scratch;

  @Test
  void has_one_runner_and_one_owner_and_loses_nothing_whatever_two_faults_there_are()
      throws Exception {
    Checked checked = ModelChecker.check("HandOver.cfg", scratch);
    assertThat(checked.complete()).as(checked.output()).isTrue();
    assertThat(checked.distinctStates()).isGreaterThan(TWO_FAULTS);
    assertThat(checked.taken().keySet()).containsAll(actions());
    assertThat(
            checked.taken().entrySet().stream()
                .filter(action -> action.getValue() == 0)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet()))
        .as("actions that are never taken")
        .containsExactlyInAnyOrderElementsOf(OF_VARIANTS.keySet());
  }

  /** Each operator that {@code Next} consists of. */
  private static Set<String> actions() throws Exception {
    String spec = Files.readString(ModelChecker.SPEC.resolve("HandOver.tla"), UTF_8);
    Set<String> names = new TreeSet<>();
    for (String part : new String[] {"Progress", "RequestsHandled", "Faulty"}) {
      String body = spec.split("\n" + part + " ==\n", 2)[1].split("\n\n", 2)[0];
      Pattern.compile("\\b[A-Z][A-Za-z]{3,}\\b")
          .matcher(body.replace("Hosts", ""))
          .results()
          .forEach(name -> names.add(name.group()));
    }
    assertThat(names).hasSizeGreaterThan(40).contains("HandOver", "Records", "QemuDies");
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

  @ParameterizedTest
  @CsvSource({
    "RecordedAfterwards, OneRunner, Stays",
    "StartsWithoutPermit, NothingLost, Starts",
    "SilenceIsDeath, OneRunner, ReturnHome",
    "ComesHomeWhileLeaving, OneRunner, ComesHome",
    "PermitOfAPassedEpoch, OneRunner, Starts",
    "QemuFailsInTheTail, OneRunner, FailsInTheTail",
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
              "QemuFailsInTheTail.cfg");
    }
  }
}
