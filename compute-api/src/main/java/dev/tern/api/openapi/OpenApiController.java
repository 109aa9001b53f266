package dev.tern.api.openapi;

import java.time.Duration;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * {@code /openapi.json}, for whoever asks: it says nothing of what is there. It is made from the
 * controllers and from recorded answers by {@code OpenApiPromiseTest}, which also compares it.
 */
@RestController
final class OpenApiController {
  private static final Resource DOCUMENT =
      new ClassPathResource("openapi.json", OpenApiController.class);

  @GetMapping("/openapi.json")
  ResponseEntity<Resource> document() {
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .cacheControl(CacheControl.maxAge(Duration.ofHours(1)))
        .body(DOCUMENT);
  }
}
