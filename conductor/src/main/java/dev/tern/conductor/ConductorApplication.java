package dev.tern.conductor;

import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.settings.UnknownSettings;
import dev.tern.store.StoreConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Import;

/** The conductor's process; any number of copies share the sagas. */
@SpringBootApplication(
    excludeName = {
      // The schema is made by db-migrations alone, also when its library is on the class path.
      "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration",
      // All processes connect to the broker in one way, AmqpConfiguration's.
      "org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration"
    })
@Import({AmqpConfiguration.class, StoreConfiguration.class, UnknownSettings.class})
public class ConductorApplication {

  public static void main(String[] arguments) {
    application().run(arguments);
  }

  /** With its own settings file, so that it can run beside other applications in one JVM. */
  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(ConductorApplication.class)
        .properties("spring.config.name=tern-conductor");
  }
}
