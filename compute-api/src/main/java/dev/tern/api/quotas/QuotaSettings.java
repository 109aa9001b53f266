package dev.tern.api.quotas;

import dev.tern.contract.Setting;
import dev.tern.store.QuotaStore.Resource;
import jakarta.validation.constraints.Min;
import java.util.EnumMap;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/** Limits of a project for which none were set; all copies of the API share these. */
@Validated
@ConfigurationProperties("tern.quota")
public record QuotaSettings(
    @Setting("Servers of a project; -1 is any number, as in all of these.")
        @DefaultValue("-1")
        @Min(-1)
        long instances,
    @Setting("Virtual processors of a project's servers together.") @DefaultValue("-1") @Min(-1)
        long cores,
    @Setting("Memory of a project's servers together, in MiB.") @DefaultValue("-1") @Min(-1)
        long ram,
    @Setting("Metadata items of one server; there are never more than 128.")
        @DefaultValue("128")
        @Min(-1)
        long metadataItems,
    @Setting("Key pairs of one user.") @DefaultValue("100") @Min(-1) long keyPairs,
    @Setting("Server groups of a project.") @DefaultValue("10") @Min(-1) long serverGroups,
    @Setting("Servers of one server group.") @DefaultValue("10") @Min(-1) long serverGroupMembers) {

  /**
   * The limit of every resource; what there is none of here is as Nova shows it without Neutron.
   */
  public Map<Resource, Long> limits() {
    Map<Resource, Long> limits = new EnumMap<>(Resource.class);
    for (Resource resource : Resource.values()) {
      limits.put(resource, of(resource));
    }
    return limits;
  }

  private long of(Resource resource) {
    return switch (resource) {
      case CORES -> cores;
      case INSTANCES -> instances;
      case RAM -> ram;
      case METADATA_ITEMS -> metadataItems;
      case KEY_PAIRS -> keyPairs;
      case SERVER_GROUPS -> serverGroups;
      case SERVER_GROUP_MEMBERS -> serverGroupMembers;
      case FIXED_IPS,
          FLOATING_IPS,
          SECURITY_GROUPS,
          SECURITY_GROUP_RULES,
          INJECTED_FILES,
          INJECTED_FILE_CONTENT_BYTES,
          INJECTED_FILE_PATH_BYTES ->
          0;
    };
  }
}
