package dev.tern.contract.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Every meter that Tern has: nothing else makes one. A label's values come from a short list, so
 * that the number of series does not grow with servers, migrations or requests.
 */
public enum Metric {
  MIGRATIONS(
      Kind.GAUGE,
      "tern.migrations",
      "migrations",
      "Live migrations that have not ended, by Nova's word for where they are.",
      "Many `queued`: raise `tern.conductor.migration.at-once-per-source`, or wait.",
      "status"),
  MIGRATIONS_IN_DOUBT(
      Kind.GAUGE,
      "tern.migrations.in.doubt",
      "migrations",
      "Migrations of which nobody can say who has the guest; it stands still.",
      "Above 0: operations.md, *A migration is in doubt*."),
  MIGRATION_DURATION(
      Kind.TIMER,
      "tern.migration.duration",
      "seconds",
      "Ended migrations and their time from the request on; `cause` is the failure's code, or `none`.",
      "`error` and `failed`: look at the migration's `failure`.",
      Buckets.LONG,
      "status",
      "cause"),
  MIGRATION_PHASE(
      Kind.TIMER,
      "tern.migration.phase",
      "seconds",
      "Time in each phase, of phases that one conductor saw from beginning to end.",
      "A long BEGIN is waiting for a turn; a long PERFORM is data.",
      Buckets.LONG,
      "phase"),
  MIGRATION_PAUSE(
      Kind.TIMER,
      "tern.migration.pause",
      "seconds",
      "How long guests stood still at the switch: in all (`part` is `total`) and what of it each part took.",
      "Long `mirror-drain`: the guest writes to disk; long `device-state`: look at the link.",
      Buckets.SHORT,
      "part"),
  MIGRATION_THROTTLED(
      Kind.TIMER,
      "tern.migration.throttled",
      "seconds",
      "How long guests were kept from running so that memory would converge.",
      "Much: allow post-copy, or a faster link.",
      Buckets.LONG),
  MIGRATION_BYTES(
      Kind.COUNTER,
      "tern.migration.bytes",
      "bytes",
      "What ended migrations sent, `disk` or `memory`.",
      "None.",
      "kind"),
  MIGRATION_RATE(
      Kind.SUMMARY,
      "tern.migration.rate",
      "bytes_per_second",
      "Bytes of a completed migration by its time, waiting included.",
      "Falling: the link is shared, or limits are low.",
      Buckets.RATE),
  FORECAST_ERROR(
      Kind.SUMMARY,
      "tern.migration.forecast.error",
      "ratio",
      "How far what was foreseen before anything moved was from what happened, by what happened: 0 is right, 1 is half or double.",
      "Above 1 for long: hosts differ, or their link is used by others.",
      Buckets.RATIO,
      "of"),
  FORECASTS(
      Kind.COUNTER,
      "tern.migration.forecasts",
      "forecasts",
      "Completed migrations by what became of their forecast: `within` its band, `faster`, `slower`, or there was `none`.",
      "Mostly `slower`: plan drains with more time.",
      "outcome"),
  SAGAS(
      Kind.GAUGE,
      "tern.sagas",
      "sagas",
      "Work that has not ended: `running` on a conductor, or `waiting` for one or for other work on its server.",
      "`waiting` grows: start conductors, or raise `tern.conductor.sagas-at-once`.",
      "state"),
  SAGAS_OLDEST(
      Kind.GAUGE,
      "tern.sagas.oldest.waiting",
      "seconds",
      "Age of the oldest saga that no conductor runs; 0 when there is none.",
      "Minutes: no conductor is up, or a server's older work does not end."),
  SAGAS_HERE(
      Kind.GAUGE,
      "tern.conductor.sagas.running",
      "sagas",
      "Sagas that this conductor runs.",
      "None."),
  SERVERS(
      Kind.GAUGE,
      "tern.servers",
      "servers",
      "Servers that are not deleted, by state.",
      "`error`: operations.md, *A server is in ERROR*.",
      "state"),
  HOSTS(
      Kind.GAUGE,
      "tern.hosts",
      "hosts",
      "Hosts by their agents: `up`, `down` (not heard of for `service-down-after`), `forced_down` (stated by an operator).",
      "`down`: operations.md, *A host is down*.",
      "state"),
  HOSTS_DISABLED(
      Kind.GAUGE, "tern.hosts.disabled", "hosts", "Hosts that take no new servers.", "None."),
  SERVICES(
      Kind.GAUGE,
      "tern.services",
      "processes",
      "Conductors and schedulers, `up` or `down`.",
      "No conductor or no scheduler `up`: start one.",
      "service",
      "state"),
  DRAINS(
      Kind.GAUGE,
      "tern.drains",
      "drains",
      "Drains that have not ended, by state; `late` are those past their deadline, counted besides.",
      "`late`: operations.md, *A host is to be emptied and does not become empty*.",
      "state"),
  DRAIN_SERVERS(
      Kind.GAUGE,
      "tern.drain.servers",
      "servers",
      "Servers of drains that have not ended, by where they are: the progress of all of them.",
      "`left` and `asking` wait for a person.",
      "state"),
  EVACUATIONS(
      Kind.GAUGE,
      "tern.evacuations",
      "servers",
      "Servers that are being made anew (`running`), and those whose old host has not been told (`owing`).",
      "`owing` until the old host is back, or for ever.",
      "state"),
  EVACUATIONS_ENDED(
      Kind.COUNTER,
      "tern.evacuations.ended",
      "servers",
      "Evacuations that ended, by outcome (`done`, `failed`) and the failure's code.",
      "`failed`: look at the evacuation's `failure`.",
      "outcome",
      "cause"),
  EVENT_CLIENTS(
      Kind.GAUGE,
      "tern.events.clients",
      "clients",
      "Clients that watch at GET /v1/events, dashboards above all.",
      "None."),
  EVENTS_DROPPED(
      Kind.COUNTER,
      "tern.events.dropped",
      "clients",
      "Clients that were disconnected because they were too slow; they come back by themselves.",
      "Rises often: their way to the API is too narrow."),
  OUTBOX_WAITING(
      Kind.GAUGE,
      "tern.outbox.waiting",
      "messages",
      "Messages that committed requests owe the broker.",
      "Grows: the broker is away, or no relay runs."),
  OUTBOX_AGE(
      Kind.GAUGE,
      "tern.outbox.age",
      "seconds",
      "The outbox's lag: age of the oldest message in it; 0 when it is empty.",
      "Above a minute: operations.md, *The broker is away*."),
  QUEUE_MESSAGES(
      Kind.GAUGE,
      "tern.queue.messages",
      "messages",
      "Messages ready in a queue of the broker. `agent` and `host` are told by each agent of its own queues.",
      "Grows: whoever reads it is away or slow.",
      "queue"),
  QUEUE_CONSUMERS(
      Kind.GAUGE,
      "tern.queue.consumers",
      "consumers",
      "Who reads a queue.",
      "0: nobody of that kind is connected.",
      "queue"),
  DEAD_LETTERS(
      Kind.GAUGE,
      "tern.dead.letters",
      "messages",
      "Messages nobody could handle that wait for a person.",
      "operations.md, *Dead letters*."),
  DEAD_MESSAGES(
      Kind.COUNTER,
      "tern.messages.dead",
      "messages",
      "Dead letters that came, by the queue they were in and why.",
      "As above.",
      "queue",
      "reason"),
  DEAD_LETTERS_DISCARDED(
      Kind.COUNTER,
      "tern.dead.letters.discarded",
      "messages",
      "Dead letters that went because they were too many or too old.",
      "Look at the rest before they go, too."),
  MALFORMED_MESSAGES(
      Kind.COUNTER,
      "tern.messages.malformed",
      "messages",
      "Messages that this process could not read, and parked.",
      "A process of another version runs.",
      "queue",
      "reason"),
  UNKNOWN_MIGRATION(
      Kind.COUNTER,
      "tern.messages.unknown.migration",
      "messages",
      "Reports of migrations that nobody knows, which were dropped.",
      "A database restored from a backup, or agents of another installation."),
  NOTIFICATIONS_WAITING(
      Kind.GAUGE,
      "tern.notifications.waiting",
      "notifications",
      "Notifications that have not been told.",
      "Grows: the broker is away."),
  NOTIFICATIONS_FORGOTTEN(
      Kind.COUNTER,
      "tern.notifications.forgotten",
      "notifications",
      "Notifications that could not be told for too long.",
      "Whoever listens has missed them."),
  NOTIFICATIONS_UNREADABLE(
      Kind.COUNTER,
      "tern.notifications.unreadable",
      "notifications",
      "Changes that could not be put into a notification.",
      "The log names the row."),
  SCHEDULER_SELECT(
      Kind.TIMER,
      "tern.scheduler.select",
      "seconds",
      "Choosing and claiming a host, by whether there was one.",
      "`no-host`: `GET /v1/decisions/{request}` says why.",
      Buckets.SHORT,
      "outcome"),
  SCHEDULER_PLAN(
      Kind.TIMER,
      "tern.scheduler.plan",
      "seconds",
      "Planning hosts for many servers.",
      "None.",
      Buckets.SHORT),
  AGENT_BYTES(
      Kind.COUNTER,
      "tern.agent.migration.bytes",
      "bytes",
      "What migrations from this host sent, while they do: its rate is their throughput.",
      "0 while migrations run in PERFORM: they stand still.",
      "kind"),
  AGENT_BASES(
      Kind.GAUGE,
      "tern.agent.base.bytes",
      "bytes",
      "What base images and layers take of this host's disk.",
      "`wrong`: live-migration.md, on bases.",
      "kind"),
  AGENT_SWEPT(
      Kind.COUNTER,
      "tern.agent.swept",
      "objects",
      "Objects that were left of migrations that were over, and taken back.",
      "Rises often: something fails at each end; see receipts.md.",
      "kind"),
  AGENT_STALE(
      Kind.COUNTER,
      "tern.agent.requests.stale",
      "requests",
      "Requests of an epoch that had passed, which were refused.",
      "Rises often: two installations on one database's backup.");

  /** What a meter is. */
  public enum Kind {
    COUNTER("counter"),
    GAUGE("gauge"),
    TIMER("histogram"),
    SUMMARY("histogram");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    /** Prometheus's word. */
    public String word() {
      return word;
    }
  }

  /** Upper ends of a histogram's buckets. */
  private enum Buckets {
    NONE,
    SHORT(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0),
    LONG(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0),
    RATE(1e6, 1e7, 5e7, 1e8, 5e8, 1e9, 5e9),
    RATIO(0.1, 0.25, 0.5, 1.0, 2.0, 5.0);

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<Double> ends;

    Buckets(Double... ends) {
      this.ends = List.of(ends);
    }
  }

  private final Kind kind;
  private final String meter;
  private final String unit;
  private final String meaning;
  private final String advice;
  private final Buckets buckets;

  @SuppressWarnings("ImmutableEnumChecker") // List.of
  private final List<String> labels;

  Metric(
      Kind kind,
      String meter,
      String unit,
      String meaning,
      String advice,
      Buckets buckets,
      String... labels) {
    this.kind = kind;
    this.meter = meter;
    this.unit = unit;
    this.meaning = meaning;
    this.advice = advice;
    this.buckets = buckets;
    this.labels = List.of(labels);
  }

  Metric(Kind kind, String meter, String unit, String meaning, String advice, String... labels) {
    this(kind, meter, unit, meaning, advice, Buckets.NONE, labels);
  }

  public Kind kind() {
    return kind;
  }

  /** Micrometer's name. */
  public String meter() {
    return meter;
  }

  public String unit() {
    return unit;
  }

  public String meaning() {
    return meaning;
  }

  public String advice() {
    return advice;
  }

  /** Its own; Tern adds none but an agent's {@code host}. */
  public List<String> labels() {
    return labels;
  }

  /** Prometheus's name of it; of a histogram, {@code _bucket}, {@code _sum}… follow. */
  public String exported() {
    String name = meter.replace('.', '_');
    String suffix =
        switch (unit) {
          case "seconds", "bytes", "ratio", "bytes_per_second" -> "_" + unit;
          default -> "";
        };
    return name + (name.endsWith(suffix) ? "" : suffix) + (kind == Kind.COUNTER ? "_total" : "");
  }

  /** The names that Prometheus has series of. */
  public List<String> series() {
    return switch (kind) {
      case COUNTER, GAUGE -> List.of(exported());
      case TIMER, SUMMARY ->
          buckets == Buckets.NONE
              ? List.of(exported() + "_count", exported() + "_sum", exported() + "_max")
              : List.of(
                  exported() + "_bucket",
                  exported() + "_count",
                  exported() + "_sum",
                  exported() + "_max");
    };
  }

  /** Counts; made at the first call. Values come in the order of {@link #labels}. */
  public Counter counter(MeterRegistry registry, String... values) {
    Counter.Builder builder =
        Counter.builder(meter).description(meaning).tags(tags(Kind.COUNTER, values));
    return (base() ? builder.baseUnit(unit) : builder).register(registry);
  }

  /** Tells what something counts itself. */
  public <T> FunctionCounter counts(
      MeterRegistry registry, T thing, ToDoubleFunction<T> count, String... values) {
    FunctionCounter.Builder<T> builder =
        FunctionCounter.builder(meter, thing, count)
            .description(meaning)
            .tags(tags(Kind.COUNTER, values));
    return (base() ? builder.baseUnit(unit) : builder).register(registry);
  }

  /** Measures times. */
  public Timer timer(MeterRegistry registry, String... values) {
    Duration[] ends =
        buckets.ends.stream()
            .map(seconds -> Duration.ofNanos(Math.round(seconds * 1e9)))
            .toArray(Duration[]::new);
    return Timer.builder(meter)
        .description(meaning)
        .tags(tags(Kind.TIMER, values))
        .serviceLevelObjectives(ends)
        .register(registry);
  }

  /** Measures sizes. */
  public DistributionSummary summary(MeterRegistry registry, String... values) {
    return DistributionSummary.builder(meter)
        .description(meaning)
        .baseUnit(unit)
        .tags(tags(Kind.SUMMARY, values))
        .serviceLevelObjectives(buckets.ends.stream().mapToDouble(end -> end).toArray())
        .register(registry);
  }

  /**
   * Shows a figure. {@code thing} is kept alive: a gauge whose thing is collected shows nothing.
   */
  public <T> Gauge gauge(
      MeterRegistry registry, T thing, ToDoubleFunction<T> figure, String... values) {
    Gauge.Builder<T> builder =
        Gauge.builder(meter, thing, figure)
            .strongReference(true)
            .description(meaning)
            .tags(tags(Kind.GAUGE, values));
    return (base() ? builder.baseUnit(unit) : builder).register(registry);
  }

  private boolean base() {
    return exported().replace("_total", "").endsWith("_" + unit) && kind != Kind.TIMER;
  }

  private Tags tags(Kind used, String... values) {
    if (used != kind || values.length != labels.size()) {
      throw new IllegalArgumentException(
          "%s is a %s with labels %s".formatted(meter, kind.word(), labels));
    }
    Tags tags = Tags.empty();
    for (int i = 0; i < values.length; i++) {
      tags = tags.and(labels.get(i), values[i]);
    }
    return tags;
  }
}
