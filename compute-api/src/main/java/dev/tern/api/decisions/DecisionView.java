package dev.tern.api.decisions;

import dev.tern.api.request.Json;
import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.Decision.Verdict;
import tools.jackson.databind.node.ObjectNode;

/** A decision in Tern's own shape. */
public final class DecisionView {
  private DecisionView() {}

  /** All of it. */
  public static ObjectNode of(Decision decision) {
    ObjectNode view = Json.object().put("server", decision.server().toString());
    Json.putOrNull(view, "host", decision.host().orElse(null));
    decision
        .failure()
        .ifPresentOrElse(
            failure ->
                view.putObject("failure")
                    .put("code", failure.code().novaName())
                    .put("message", failure.message()),
            () -> view.putNull("failure"));
    view.put("looked", decision.looked()).put("passed", decision.passed());
    var refused = view.putArray("refused_by");
    decision
        .refused()
        .forEach(
            count -> refused.addObject().put("filter", count.filter()).put("hosts", count.hosts()));
    var hosts = view.putArray("hosts");
    decision.hosts().forEach(host -> hosts.add(host(host)));
    var hints = view.putArray("would_fit");
    decision
        .wouldFit()
        .forEach(
            hint -> hints.addObject().put("host", hint.host().value()).put("text", hint.text()));
    return view;
  }

  private static ObjectNode host(Verdict host) {
    ObjectNode view = Json.object().put("host", host.host().value()).put("passed", host.passes());
    var refusals = view.putArray("refusals");
    host.refusals()
        .forEach(refusal -> {
          ObjectNode why =
              refusals
                  .addObject()
                  .put("filter", refusal.filter())
                  .put("code", refusal.why().code().novaName())
                  .put("message", refusal.why().message())
                  .put("needed", refusal.needed())
                  .put("available", refusal.available());
          Json.putOrNull(why, "fits_if", refusal.fitsIf().orElse(null));
        });
    var scores = view.putArray("scores");
    host.scores()
        .forEach(score ->
            scores
                .addObject()
                .put("weigher", score.weigher())
                .put("value", score.value())
                .put("points", score.points()));
    view.put("weight", host.weight());
    return view;
  }
}
