package dev.tern.contract.start;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

@DisplayName("The rounds of a process")
class AllRoundsTest {
  @Configuration(proxyBeanMethods = false)
  @Import(AllRounds.class)
  static class OneProcess {
    private final AtomicBoolean complete = new AtomicBoolean();
    private final CompletableFuture<Boolean> sawAll = new CompletableFuture<>();

    @Bean(destroyMethod = "close")
    Rounds early() {
      return new Rounds(
          "early",
          () -> {
            boolean _ = sawAll.complete(complete.get());
          },
          Pause.SLEEPING,
          Duration.ofHours(1));
    }

    @Bean
    Object late() {
      complete.set(true);
      return new Object();
    }
  }

  @Test
  void begin_by_themselves_and_not_before_all_beans_are_there() throws Exception {
    try (var context = new AnnotationConfigApplicationContext(OneProcess.class)) {
      OneProcess process = context.getBean(OneProcess.class);
      assertThat(process.sawAll.get(1, TimeUnit.MINUTES)).isTrue();
    }
  }
}
