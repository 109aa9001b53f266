package dev.tern.api.quotas;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.JsonBody;
import dev.tern.api.version.Change;
import dev.tern.store.QuotaStore.Resource;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Which limits are shown and may be set at which version. */
final class QuotaViews {
  private static final Set<Resource> NETWORK =
      EnumSet.of(
          Resource.FIXED_IPS,
          Resource.FLOATING_IPS,
          Resource.SECURITY_GROUPS,
          Resource.SECURITY_GROUP_RULES);
  private static final Set<Resource> FILES =
      EnumSet.of(
          Resource.INJECTED_FILES,
          Resource.INJECTED_FILE_CONTENT_BYTES,
          Resource.INJECTED_FILE_PATH_BYTES);
  private static final Set<Resource> GROUPS =
      EnumSet.of(Resource.SERVER_GROUPS, Resource.SERVER_GROUP_MEMBERS);

  private QuotaViews() {}

  static List<Resource> ofProjects(ApiRequest request) {
    return without(
        request.has(Change.PROXIES_GONE), request.has(Change.PERSONALITY_GONE), Set.of());
  }

  static List<Resource> ofClasses(ApiRequest request) {
    boolean trimmed = request.has(Change.QUOTA_CLASSES);
    return without(trimmed, request.has(Change.PERSONALITY_GONE), trimmed ? Set.of() : GROUPS);
  }

  private static List<Resource> without(boolean network, boolean files, Set<Resource> others) {
    return Arrays.stream(Resource.values())
        .filter(each -> !network || !NETWORK.contains(each))
        .filter(each -> !files || !FILES.contains(each))
        .filter(each -> !others.contains(each))
        .toList();
  }

  static Set<String> names(List<Resource> resources) {
    return resources.stream().map(Resource::wire).collect(Collectors.toSet());
  }

  /** The limits a body names; each is -1 or more. */
  static Map<Resource, Long> read(JsonBody set, List<Resource> known) {
    Map<Resource, Long> limits = new EnumMap<>(Resource.class);
    for (Resource resource : known) {
      if (set.given(resource.wire())) {
        limits.put(resource, (long) set.integer(resource.wire(), -1, Integer.MAX_VALUE));
      }
    }
    return limits;
  }
}
