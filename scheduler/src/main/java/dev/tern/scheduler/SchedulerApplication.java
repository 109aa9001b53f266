package dev.tern.scheduler;

import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.settings.UnknownSettings;
import dev.tern.store.StoreConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Import;

/** The scheduler's process; any number of copies share the work. */
@SpringBootApplication(
    excludeName = {
      // The schema is made by db-migrations alone, also when its library is on the class path.
      "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
      // All processes connect to the broker in one way, AmqpConfiguration's.
      "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration"
    })
@Import({StoreConfiguration.class, AmqpConfiguration.class, UnknownSettings.class})
public class SchedulerApplication {

  public static void main(String[] args) {
    application().run(args);
  }

  /** With its own settings file, so that it can run beside other applications in one JVM. */
  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(SchedulerApplication.class)
        .properties("spring.config.name=tern-scheduler");
  }
}
