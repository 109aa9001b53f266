package dev.tern.agent;

import dev.tern.contract.HostName;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.amqp.AmqpConfiguration;
import dev.tern.contract.amqp.ProgressPublisher;
import dev.tern.contract.amqp.ReportPublisher;
import dev.tern.contract.settings.UnknownSettings;
import dev.tern.contract.start.AllRounds;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The agent on the broker. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AgentSettings.class)
@Import({AllRounds.class, AmqpConfiguration.class, UnknownSettings.class})
class AgentConfiguration {
  private static final Duration CONNECT = Duration.ofSeconds(5);

  @Bean
  HostName hostName(AgentSettings settings) throws IOException {
    return new HostName(
        settings.host().isEmpty() ? InetAddress.getLocalHost().getHostName() : settings.host());
  }

  @Bean
  VirtDriver virtDriver(AgentSettings settings, ObjectProvider<FakeWorld> world) {
    return switch (settings.driver()) {
      case "qemu" -> new QemuDriver(qemu(settings));
      // Agents that are to move simulated guests to each other are given one world.
      case "fake" -> new FakeVirtDriver(world.getIfAvailable(FakeWorld::new), Clock.systemUTC());
      default -> throw new IllegalArgumentException("no such driver: " + settings.driver());
    };
  }

  private static QemuSettings qemu(AgentSettings settings) {
    return new QemuSettings(
        settings.qemu(),
        settings.qemuImg(),
        settings.qemuStorageDaemon(),
        settings.data().toAbsolutePath().resolve("_base"),
        settings.secretsDirectory(),
        Path.of(System.getProperty("java.io.tmpdir")),
        settings.accelerator(),
        settings.sandbox(),
        settings.insecure(),
        QemuSettings.Deadlines.usual().withOutage(settings.outage()));
  }

  /** Series of Tern's own say of which host they are. */
  @Bean
  MeterFilter hostOfMeters(HostName host) {
    return new MeterFilter() {
      @Override
      public Meter.Id map(Meter.Id id) {
        return id.getName().startsWith("tern.") ? id.withTag(Tag.of("host", host.value())) : id;
      }
    };
  }

  /** To the image service. */
  @Bean(destroyMethod = "shutdownNow")
  HttpClient images() {
    return HttpClient.newBuilder().connectTimeout(CONNECT).build();
  }

  @Bean(destroyMethod = "close")
  Agent agent(
      HostName host,
      AgentSettings settings,
      VirtDriver driver,
      ProgressPublisher progress,
      MeterRegistry metrics,
      HttpClient http)
      throws IOException {
    MovedBytes moved = new MovedBytes(metrics);
    return Agent.open(
        host,
        settings,
        new Agent.World(
            driver,
            new LinuxFigures(settings.data()),
            told -> {
              moved.count(told);
              progress.publish(told);
            },
            AgentTime.real(),
            UUID::randomUUID,
            http));
  }

  @Bean(destroyMethod = "close")
  Rounds bases(Agent agent, AgentSettings settings, MeterRegistry metrics) {
    return new Rounds(
        "bases",
        new BaseKeeper(agent, metrics)::round,
        Pause.SLEEPING,
        BaseKeeper.between(settings.unusedBaseAge()));
  }

  @Bean(destroyMethod = "close")
  Rounds sweeps(Agent agent, AgentSettings settings, MeterRegistry metrics) {
    Sweeper sweeper =
        new Sweeper(
            agent,
            settings.sweepInterval(),
            () -> ThreadLocalRandom.current().nextDouble(),
            metrics);
    return new Rounds("sweeper", sweeper::round, Pause.SLEEPING, sweeper::next);
  }

  @Bean(destroyMethod = "close")
  Rounds reports(Agent agent, ReportPublisher publisher, AgentSettings settings) {
    return new Rounds(
        "reports", new HostReporter(agent, publisher)::report, Pause.SLEEPING, settings.beat());
  }
}
