package dev.tern.api.preflight;

import dev.tern.api.decisions.DecisionView;
import dev.tern.api.preflight.ColdPreflight.ColdOutlook;
import dev.tern.api.request.Json;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.scheduler.Decision;
import dev.tern.store.ColdForecast;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** What a preflight says of moving a server while it does not run. */
final class ColdView {
  private ColdView() {}

  static ObjectNode of(ColdOutlook cold) {
    ObjectNode view = Json.object().put("possible", cold.blockers().isEmpty());
    view.put("says", cold.forecast().map(ColdForecast::says).orElse(null));
    view.put("why", cold.why());
    Json.putOrNull(view, "destination", cold.decision().flatMap(Decision::host).orElse(null));
    PreflightController.blockers(view, cold.blockers());
    cold.decision()
        .ifPresentOrElse(
            decision -> view.set("candidates", DecisionView.of(decision)),
            () -> view.putNull("candidates"));
    view.putObject("plan")
        .put("disk_bytes", cold.load().disks())
        .put("layer_bytes", cold.load().layers());
    cold.forecast()
        .ifPresentOrElse(
            forecast -> view.set("forecast", forecast(forecast.forecast())),
            () -> view.putNull("forecast"));
    return view;
  }

  private static ObjectNode forecast(Forecast forecast) {
    ObjectNode view = Json.object();
    PreflightController.seconds(view, forecast);
    Optional<Duration> down = forecast.pause();
    view.put("down_millis", down.map(Duration::toMillis).orElse(null));
    return view.put("basis", forecast.basis().orElse(null));
  }
}
