package dev.tern.api;

import dev.tern.contract.Pause;
import java.time.Clock;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What tests give themselves: time, waitingand new ids. */
@Configuration(proxyBeanMethods = false)
class ApiGivens {
  @Bean
  Clock clock() {
    return Clock.systemUTC();
  }

  @Bean
  Pause pause() {
    return Pause.SLEEPING;
  }

  @Bean
  Supplier<UUID> newIds() {
    return UUID::randomUUID;
  }
}
