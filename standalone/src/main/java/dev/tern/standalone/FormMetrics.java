package dev.tern.standalone;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.registry.PrometheusScrapeRequest;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/**
 * The metrics of services that share a JVM, of which the API alone is asked: what it shows has
 * Tern's own of all the others too. What the JVM says of itself is shown once.
 */
final class FormMetrics {
  private static final String OURS = "tern_";

  private final List<PrometheusRegistry> others = new CopyOnWriteArrayList<>();

  /** The registry of a service. */
  PrometheusRegistry of(Service service) {
    if (service == Service.API) {
      return new Whole();
    }
    PrometheusRegistry own = new PrometheusRegistry();
    others.add(own);
    return own;
  }

  /** A service has ended. */
  void remove(PrometheusRegistry registry) {
    others.remove(registry);
  }

  /** Asked for its own, it answers for all. */
  private final class Whole extends PrometheusRegistry {
    @Override
    public MetricSnapshots scrape() {
      return with(super.scrape(), _ -> true);
    }

    @Override
    public MetricSnapshots scrape(PrometheusScrapeRequest request) {
      return with(super.scrape(request), _ -> true);
    }

    @Override
    public MetricSnapshots scrape(Predicate<String> included) {
      return with(super.scrape(included), included);
    }

    @Override
    public MetricSnapshots scrape(Predicate<String> included, PrometheusScrapeRequest request) {
      return with(super.scrape(included, request), included);
    }

    private MetricSnapshots with(MetricSnapshots own, Predicate<String> included) {
      Map<String, MetricSnapshot> all = new LinkedHashMap<>();
      own.forEach(one -> all.put(one.getMetadata().getPrometheusName(), one));
      for (PrometheusRegistry other : others) {
        for (MetricSnapshot one : other.scrape(name -> name.startsWith(OURS))) {
          String name = one.getMetadata().getPrometheusName();
          if (included.test(name)) {
            all.merge(name, one, Whole::joined);
          }
        }
      }
      return new MetricSnapshots(all.values());
    }

    /** Services of one kind count alike; a series that two of them have is the first one's. */
    private static MetricSnapshot joined(MetricSnapshot first, MetricSnapshot second) {
      return switch (first) {
        case CounterSnapshot a when second instanceof CounterSnapshot b ->
            new CounterSnapshot(a.getMetadata(), points(a.getDataPoints(), b.getDataPoints()));
        case GaugeSnapshot a when second instanceof GaugeSnapshot b ->
            new GaugeSnapshot(a.getMetadata(), points(a.getDataPoints(), b.getDataPoints()));
        case HistogramSnapshot a when second instanceof HistogramSnapshot b ->
            new HistogramSnapshot(a.getMetadata(), points(a.getDataPoints(), b.getDataPoints()));
        case SummarySnapshot a when second instanceof SummarySnapshot b ->
            new SummarySnapshot(a.getMetadata(), points(a.getDataPoints(), b.getDataPoints()));
        default -> first;
      };
    }

    private static <P extends DataPointSnapshot> List<P> points(List<P> first, List<P> second) {
      List<P> points = new ArrayList<>(first);
      List<Labels> known = first.stream().map(DataPointSnapshot::getLabels).toList();
      second.stream().filter(point -> !known.contains(point.getLabels())).forEach(points::add);
      return points;
    }
  }
}
