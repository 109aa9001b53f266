package dev.tern.agent;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.ImageId;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Sends files of this host to the image service. */
final class ImageSender {
  private static final Logger log = LoggerFactory.getLogger(ImageSender.class);
  private static final JsonMapper JSON = new JsonMapper();
  private static final String ACTIVE = "active";

  private final ImageService service;

  ImageSender(ImageService service) {
    this.service = service;
  }

  /**
   * Returns when the image is active. May be repeated: one that is active already is not sent
   * again.
   *
   * @throws ComputeException IMAGE_NOT_FOUND, IMAGE_CONFLICT while another upload of it goes on, or
   *     IMAGE_NOT_ACTIVE when it was not taken
   */
  void send(Path file, ImageId image) throws IOException, InterruptedException {
    if (status(image).equals(ACTIVE)) {
      return;
    }
    HttpResponse<String> answer =
        ask(
            image,
            service
                .request(image + "/file")
                .header("Content-Type", "application/octet-stream")
                .PUT(BodyPublishers.ofFile(file)));
    switch (answer.statusCode()) {
      case 204 ->
          log.atInfo()
              .addKeyValue("image", image)
              .addKeyValue("bytes", Files.size(file))
              .log("image sent");
      case 409 -> {
        if (!status(image).equals(ACTIVE)) {
          throw new ComputeException(
              ErrorCode.IMAGE_CONFLICT,
              "Image %s is being uploaded by somebody else.".formatted(image),
              null);
        }
      }
      default -> throw notTaken(image, service.refused(answer.statusCode()), null);
    }
  }

  private String status(ImageId image) throws IOException, InterruptedException {
    HttpResponse<String> answer = ask(image, service.request(image.toString()).GET());
    if (answer.statusCode() == 404) {
      throw new ComputeException(
          ErrorCode.IMAGE_NOT_FOUND, "Image %s could not be found.".formatted(image), null);
    }
    if (answer.statusCode() != 200) {
      throw notTaken(image, service.refused(answer.statusCode()), null);
    }
    try {
      return JSON.readTree(answer.body()).path("status").asString("");
    } catch (JacksonException e) {
      throw notTaken(image, "the image service's answer cannot be read", e);
    }
  }

  private HttpResponse<String> ask(ImageId image, HttpRequest.Builder request)
      throws InterruptedException {
    try {
      return service.ask(request, BodyHandlers.ofString());
    } catch (IOException e) {
      // The client's stream turns an interrupt into an IOException.
      if (Thread.interrupted() || e.getCause() instanceof InterruptedException) {
        InterruptedException interrupted = new InterruptedException("sending an image");
        interrupted.initCause(e);
        throw interrupted;
      }
      throw notTaken(image, ImageService.unreached(e), e);
    }
  }

  private static ComputeException notTaken(ImageId image, String why, @Nullable Exception cause) {
    return new ComputeException(
        ErrorCode.IMAGE_NOT_ACTIVE,
        "Image %s could not be uploaded: %s.".formatted(image, why),
        cause);
  }
}
