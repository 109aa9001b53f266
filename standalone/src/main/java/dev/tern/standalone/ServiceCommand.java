package dev.tern.standalone;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.springframework.boot.builder.SpringApplicationBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * One service in this process; {@code up --processes} starts these. Settings come from the
 * environment.
 */
@Command(name = "service", hidden = true, description = "Runs one service in this process.")
final class ServiceCommand implements Callable<Integer> {
  static final int RUNS_ON = -1;

  @Parameters(index = "0", description = "api, conductor, scheduler or agent")
  private String word = "";

  @Option(
      names = Leftovers.OF,
      paramLabel = "DIR",
      description = "belongs to a form in this folder, and ends when its standard input does")
  private @Nullable Path form;

  @Override
  public Integer call() {
    Service service =
        Service.named(word)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "There is no service '%s'; there are %s.".formatted(word, Service.words())));
    if (form != null) {
      Thread.ofPlatform().daemon().name("end-with-the-form").start(ServiceCommand::endWithTheForm);
    }
    new SpringApplicationBuilder(service.application())
        .properties("spring.config.name=" + service.configName())
        .run();
    return RUNS_ON;
  }

  /** Who started this has the other end of the pipe, and writes nothing. */
  private static void endWithTheForm() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      LoggerFactory.getLogger(ServiceCommand.class)
          .atWarn()
          .setCause(e)
          .log("the form cannot be watched any more");
    }
    System.exit(0);
  }
}
