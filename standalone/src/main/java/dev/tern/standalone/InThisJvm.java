package dev.tern.standalone;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Each service a Spring context of its own, which sees nothing of the others. */
final class InThisJvm implements ServiceLauncher {
  private final FormMetrics metrics = new FormMetrics();

  @Override
  public Running start(Service service, String name, Map<String, String> properties) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--spring.config.name=" + service.configName());
    properties.forEach((key, value) -> arguments.add("--" + key + "=" + value));
    PrometheusRegistry registry = metrics.of(service);
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(service.application())
            .web(service.web() ? WebApplicationType.SERVLET : WebApplicationType.NONE)
            // The form ends its services itself, in the right order, before broker and database.
            .registerShutdownHook(false)
            .initializers(starting ->
                starting.getBeanFactory().registerSingleton("prometheusRegistry", registry))
            .bannerMode(org.springframework.boot.Banner.Mode.OFF)
            .run(arguments.toArray(String[]::new));
    return new Context(name, context, () -> metrics.remove(registry));
  }

  private record Context(String name, ConfigurableApplicationContext context, Runnable ended)
      implements Running {
    @Override
    public long pid() {
      return ProcessHandle.current().pid();
    }

    @Override
    public void close() {
      context.close();
      ended.run();
    }
  }
}
