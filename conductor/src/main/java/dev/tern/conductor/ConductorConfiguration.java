package dev.tern.conductor;

import dev.tern.conductor.asking.Agents;
import dev.tern.conductor.asking.Hosts;
import dev.tern.conductor.asking.Schedulers;
import dev.tern.conductor.asking.Watching;
import dev.tern.conductor.bandwidth.Arbiter;
import dev.tern.conductor.bandwidth.BandwidthSettings;
import dev.tern.conductor.cold.Confirming;
import dev.tern.conductor.cold.ResizeSettings;
import dev.tern.conductor.drain.DrainFacts;
import dev.tern.conductor.drain.DrainSettings;
import dev.tern.conductor.drain.Drains;
import dev.tern.conductor.drain.GuestWatches;
import dev.tern.conductor.evacuation.EvacuatedHosts;
import dev.tern.conductor.migration.FencedHosts;
import dev.tern.conductor.migration.Foreseeing;
import dev.tern.conductor.migration.MigrationMeters;
import dev.tern.conductor.notifications.NotificationSettings;
import dev.tern.conductor.reports.ProgressReports;
import dev.tern.conductor.reports.ReceiptCollection;
import dev.tern.conductor.reports.Reports;
import dev.tern.conductor.running.SagaRunner;
import dev.tern.conductor.running.Sagas;
import dev.tern.conductor.running.Stores;
import dev.tern.conductor.running.Time;
import dev.tern.conductor.saga.Ticker;
import dev.tern.contract.Pause;
import dev.tern.contract.Rounds;
import dev.tern.contract.metrics.Metric;
import dev.tern.contract.start.AllRounds;
import dev.tern.contract.tracing.Tracing;
import dev.tern.store.ActionStore;
import dev.tern.store.AggregateStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.DrainStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.FenceStore;
import dev.tern.store.ForecastSettings;
import dev.tern.store.HostStore;
import dev.tern.store.ImageStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.ReceiptStore;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerStore;
import dev.tern.store.VolumeStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** How the parts of a conductor fit together. */
@Configuration(proxyBeanMethods = false)
@Import(AllRounds.class)
@EnableConfigurationProperties({
  ConductorSettings.class,
  NotificationSettings.class,
  DrainSettings.class,
  ForecastSettings.class,
  ResizeSettings.class,
  BandwidthSettings.class
})
class ConductorConfiguration {
  static final String BINARY = "nova-conductor";

  /** Those that wait begin so long after one that moved has ended. */
  private static final Duration TURNS_EVERY = Duration.ofMillis(500);

  @Bean
  Stores stores(
      SagaStore sagas,
      ServerStore servers,
      MigrationStore migrations,
      ClaimStore claims,
      HostStore hosts,
      ImageStore images,
      ActionStore actions,
      DiskCopyStore copies,
      VolumeStore volumes,
      FenceStore fences,
      EvacuationStore evacuations,
      ColdMigrationStore coldMigrations,
      AggregateStore aggregates) {
    return new Stores(
        sagas,
        servers,
        migrations,
        claims,
        hosts,
        images,
        actions,
        copies,
        volumes,
        fences,
        evacuations,
        coldMigrations,
        aggregates);
  }

  /** Closed before the stores and the broker's connections, and gives its leases back then. */
  @Bean(destroyMethod = "close")
  SagaRunner sagaRunner(
      Stores stores,
      Agents agents,
      Schedulers schedulers,
      ConductorSettings settings,
      ForecastSettings forecasts,
      Watching watching,
      MeterRegistry metrics,
      Tracing tracing) {
    return new SagaRunner(
        stores.sagas(),
        new Sagas(
            stores,
            agents,
            schedulers,
            Time.real(),
            settings,
            new MigrationMeters(metrics),
            new Foreseeing.By(watching, forecasts.assumedBytesPerSecond()),
            tracing),
        settings.name(),
        settings.lease(),
        settings.sagasAtOnce());
  }

  @Bean
  Watching watching(Hosts hosts) {
    return new Watching(hosts, Thread::startVirtualThread);
  }

  @Bean
  Reports reports(Stores stores, dev.tern.conductor.asking.Agents agents) {
    return new Reports(stores.hosts(), stores.servers(), agents, java.util.UUID::randomUUID);
  }

  @Bean
  ProgressReports progressReports(Stores stores, MeterRegistry metrics) {
    return new ProgressReports(stores.migrations(), Ticker.SYSTEM, metrics);
  }

  @Bean
  ReceiptCollection receiptCollection(Stores stores, ReceiptStore receipts, Hosts hosts) {
    return new ReceiptCollection(
        stores.migrations(), receipts, stores.servers(), stores.hosts(), hosts);
  }

  @Bean(destroyMethod = "close")
  Rounds sweeps(SagaRunner runner, ConductorSettings settings) {
    return new Rounds("sweep", runner::sweep, Pause.SLEEPING, settings.sweepEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds beats(Stores stores, ConductorSettings settings) {
    return new Rounds(
        "beat",
        () -> stores.hosts().beat(BINARY, settings.name()),
        Pause.SLEEPING,
        settings.beatEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds fencedHosts(Stores stores, Agents agents, ConductorSettings settings) {
    return new Rounds(
        "fenced",
        new FencedHosts(stores.fences(), stores.hosts(), stores.servers(), agents, settings)::look,
        Pause.SLEEPING,
        settings.sweepEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds confirming(Stores stores, ResizeSettings resize, ConductorSettings settings) {
    return new Rounds(
        "confirm",
        new Confirming(stores.coldMigrations(), resize.confirmWindow(), java.util.UUID::randomUUID)
            ::look,
        Pause.SLEEPING,
        settings.sweepEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds evacuatedHosts(Stores stores, Agents agents, ConductorSettings settings) {
    return new Rounds(
        "evacuated",
        new EvacuatedHosts(
                stores.evacuations(),
                stores.hosts(),
                stores.servers(),
                agents,
                settings.hostDownAfter())
            ::look,
        Pause.SLEEPING,
        settings.sweepEvery());
  }

  @Bean
  Drains drains(
      Stores stores,
      DrainStore drains,
      Agents agents,
      Schedulers schedulers,
      DrainSettings settings,
      Watching watching,
      ForecastSettings forecasts,
      ConductorSettings conductor) {
    return new Drains(
        new DrainFacts.Sources(
            drains,
            stores.hosts(),
            stores.servers(),
            stores.migrations(),
            stores.coldMigrations(),
            stores.claims(),
            agents,
            new GuestWatches(watching),
            UUID::randomUUID,
            conductor.hostDownAfter(),
            forecasts),
        schedulers,
        settings,
        InstantSource.system(),
        UUID::randomUUID);
  }

  @Bean(destroyMethod = "close")
  Rounds drainRounds(Drains drains, DrainSettings settings) {
    return new Rounds("drains", drains::look, Pause.SLEEPING, settings.every());
  }

  @Bean(destroyMethod = "close")
  Rounds dryRunRounds(Drains drains, ConductorSettings settings) {
    return new Rounds("dry-runs", drains::forgetDryRuns, Pause.SLEEPING, settings.sweepEvery());
  }

  @Bean(destroyMethod = "close")
  Rounds bandwidthRounds(Stores stores, DrainStore drains, BandwidthSettings settings) {
    return new Rounds(
        "bandwidth",
        new Arbiter(stores.migrations(), stores.coldMigrations(), drains, settings)::look,
        Pause.SLEEPING,
        settings.every());
  }

  @Bean(destroyMethod = "close")
  Rounds turnRounds(Stores stores, ConductorSettings settings) {
    return new Rounds(
        "turns",
        () -> stores.migrations().giveTurns(settings.migration().atOnce()),
        Pause.SLEEPING,
        TURNS_EVERY);
  }

  @Bean
  Gauge runningSagas(SagaRunner runner, MeterRegistry metrics) {
    return Metric.SAGAS_HERE.gauge(metrics, runner, SagaRunner::running);
  }
}
