package dev.tern.api.dashboard;

import dev.tern.api.request.Json;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** {@code /ui}: what the page at {@code /} loads; without a token, as it comes before the login. */
@RestController
final class DashboardController {
  private final Dashboard dashboard;

  DashboardController(Dashboard dashboard) {
    this.dashboard = dashboard;
  }

  @GetMapping("/ui/{file}")
  ResponseEntity<byte[]> file(@PathVariable String file, HttpServletRequest request) {
    return dashboard.file(file, request.getHeader("If-None-Match"));
  }

  @GetMapping("/ui/login")
  ResponseEntity<JsonNode> login() {
    return Json.ok("login", dashboard.config());
  }
}
