package dev.tern.standalone;

import java.util.concurrent.Callable;
import org.springframework.boot.builder.SpringApplicationBuilder;
import picocli.CommandLine.Command;
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

  @Override
  public Integer call() {
    Service service =
        Service.named(word)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "There is no service '%s'; there are %s.".formatted(word, Service.words())));
    new SpringApplicationBuilder(service.application())
        .properties("spring.config.name=" + service.configName())
        .run();
    return RUNS_ON;
  }
}
