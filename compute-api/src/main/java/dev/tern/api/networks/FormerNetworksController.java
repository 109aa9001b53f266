package dev.tern.api.networks;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.request.Caller.Role;
import dev.tern.api.request.Json;
import dev.tern.api.servers.ServerAccess;
import dev.tern.api.version.Offered;
import dev.tern.store.ServerStore.ServerRecord;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Nova's proxies to the network service, up to 2.35: empty, because there is none. What Nova has
 * removed from every version answers 410 as there.
 */
@RestController
final class FormerNetworksController {
  private static final int LAST = 35;
  private static final int GONE = 410;

  private final ServerAccess access;

  FormerNetworksController(ServerAccess access) {
    this.access = access;
  }

  @Offered(to = LAST)
  @GetMapping("/v2.1/os-security-groups")
  ResponseEntity<JsonNode> securityGroups() {
    return Json.ok("security_groups", Json.array());
  }

  @GetMapping("/v2.1/servers/{id}/os-security-groups")
  ResponseEntity<JsonNode> ofServer(@PathVariable String id, ApiRequest request) {
    ServerRecord _ = access.find(id, request);
    request.caller().require(Role.READER, "os-security-groups:list");
    return Json.ok("security_groups", Json.array());
  }

  @Offered(to = LAST)
  @GetMapping("/v2.1/os-floating-ips")
  ResponseEntity<JsonNode> floatingIps() {
    return Json.ok("floating_ips", Json.array());
  }

  @Offered(to = LAST)
  @GetMapping("/v2.1/os-floating-ip-pools")
  ResponseEntity<JsonNode> floatingIpPools() {
    return Json.ok("floating_ip_pools", Json.array());
  }

  @Offered(to = LAST)
  @GetMapping({"/v2.1/os-networks", "/v2.1/os-tenant-networks"})
  ResponseEntity<JsonNode> networks() {
    return Json.ok("networks", Json.array());
  }

  @GetMapping({
    "/v2.1/os-agents",
    "/v2.1/os-cells",
    "/v2.1/os-certificates/{id}",
    "/v2.1/os-cloudpipe"
  })
  ResponseEntity<JsonNode> gone() {
    ObjectNode body = Json.object();
    body.putObject("computeFault")
        .put("code", GONE)
        .put("message", "This resource is no longer available. No forwarding address is given.");
    return Json.status(GONE, body);
  }

  @Offered(to = LAST)
  @GetMapping({
    "/v2.1/os-fping",
    "/v2.1/os-fixed-ips/{address}",
    "/v2.1/os-floating-ip-dns",
    "/v2.1/os-floating-ips-bulk",
    "/v2.1/os-security-group-default-rules"
  })
  ResponseEntity<JsonNode> goneAndForgotten() {
    return gone();
  }
}
