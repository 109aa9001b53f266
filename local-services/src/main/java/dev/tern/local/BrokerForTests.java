package dev.tern.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One broker for all tests of a JVM, because starting one takes seconds: the one that {@code
 * TERN_TEST_AMQP} names, else a private one, started when first asked for and gone with the JVM.
 * Tests share it, so each uses names of its own.
 */
public final class BrokerForTests {
  private static final Logger log = LoggerFactory.getLogger(BrokerForTests.class);

  private static @Nullable String uri;

  private BrokerForTests() {}

  /**
   * The URI of a broker that answers, with user and password.
   *
   * @throws IOException as {@link PrivateBroker#start}
   */
  public static synchronized String uri() throws IOException {
    String known = uri;
    if (known == null) {
      String given = System.getenv("TERN_TEST_AMQP");
      known = given == null || given.isBlank() ? startPrivate() : given;
      uri = known;
    }
    return known;
  }

  private static String startPrivate() throws IOException {
    Path folder = Files.createTempDirectory("tern-test-broker");
    PrivateBroker broker = PrivateBroker.start(folder);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(broker, folder), "end-test-broker"));
    return broker.uri();
  }

  private static void end(PrivateBroker broker, Path folder) {
    try {
      broker.close();
      List<Path> deepestFirst;
      try (Stream<Path> files = Files.walk(folder)) {
        deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      log.atWarn().setCause(e).log("the broker of the tests left something behind");
    }
  }
}
