package dev.tern.api.migrations;

import dev.tern.api.errors.Refusals;
import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * What {@code os-migrateLive} says, in each of its four forms.
 *
 * @param host as named, empty for a host of the scheduler's choice
 */
record LiveMigrateBody(
    Optional<String> host, BlockMigration blockMigration, Optional<Boolean> diskOverCommit) {
  private static final Pattern HOST = Pattern.compile("[a-zA-Z0-9-._]*");

  static LiveMigrateBody read(JsonBody body, ApiRequest request) {
    JsonBody action = body.object(LiveMigrateAction.KEY);
    boolean overCommit = request.version().before(Change.BLOCK_MIGRATION_AUTO);
    boolean mayForce =
        request.has(Change.LIVE_MIGRATE_FORCE) && request.version().before(Change.FORCE_GONE);
    Set<String> known = new HashSet<>(Set.of("host", "block_migration"));
    if (overCommit) {
      known.add("disk_over_commit");
    }
    if (mayForce) {
      known.add("force");
    }
    action.refuseOthers(known);
    Optional<String> host = host(action);
    BlockMigration block = blockMigration(action, overCommit);
    Optional<Boolean> over =
        overCommit ? Optional.of(action.flag("disk_over_commit")) : Optional.empty();
    // Forced or not, a host goes through the same checks here: no one is exempt from safety.
    if (mayForce && action.has("force") && action.flag("force") && host.isEmpty()) {
      throw Refusals.invalid("Can't force to a non-provided destination");
    }
    return new LiveMigrateBody(host, block, over);
  }

  private static Optional<String> host(JsonBody action) {
    JsonNode value = action.required("host");
    if (value.isNull()) {
      return Optional.empty();
    }
    String host = action.text("host", 1, 255);
    if (!HOST.matcher(host).matches()) {
      throw action.invalid(
          "host", "'%s' does not match '^[a-zA-Z0-9-._]*$'".formatted(Refusals.shortened(host)));
    }
    return Optional.of(host);
  }

  static BlockMigration blockMigration(JsonBody action, boolean booleanOnly) {
    JsonNode value = action.required("block_migration");
    if (!booleanOnly && value.isString() && value.stringValue().equals("auto")) {
      return BlockMigration.AUTO;
    }
    return action.flag("block_migration") ? BlockMigration.YES : BlockMigration.NO;
  }
}
