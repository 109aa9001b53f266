package dev.tern.api;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers and requests that other tests hold fast, for the description of the API. */
public final class Recorded {
  /**
   * A golden answer.
   *
   * @param path as the request has it, its variables in braces
   */
  public record Answer(String path, Path file) {}

  /** A body that is accepted, and the route that does so. */
  public record Body(String route, String text) {}

  private Recorded() {}

  public static List<Answer> answers() {
    List<Answer> answers = new ArrayList<>();
    for (var method : GoldenAnswersTest.class.getDeclaredMethods()) {
      CsvSource golden = method.getAnnotation(CsvSource.class);
      if (golden != null && method.getName().equals("is_what_its_golden_file_says")) {
        for (String line : golden.value()) {
          String[] parts = line.split(",", 3);
          String path = parts[1].strip().replace("'", "");
          for (String version : parts[2].strip().split(" ", -1)) {
            answers.add(
                new Answer(
                    path,
                    GoldenAnswersTest.GOLDEN.resolve(
                        "%s-%s.json".formatted(parts[0].strip(), version))));
          }
        }
      }
    }
    return answers;
  }

  public static Stream<Body> bodies() {
    return Stream.concat(IdempotencyTest.all(), IdempotencyTest.logins())
        .map(sample -> new Body(sample.method() + " " + sample.mapping(), sample.body()));
  }
}
