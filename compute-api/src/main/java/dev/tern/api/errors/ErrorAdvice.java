package dev.tern.api.errors;

import dev.tern.api.request.ApiRequest;
import dev.tern.api.version.VersionDocuments;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.store.IdempotencyStore.KeyTakenOverException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import tools.jackson.databind.node.ObjectNode;

/**
 * Turns whatever was thrown into a reply. A failure is logged here, once: loudly only when it is
 * ours.
 */
@RestControllerAdvice
final class ErrorAdvice {
  private static final Logger log = LoggerFactory.getLogger(ErrorAdvice.class);

  @ExceptionHandler
  ResponseEntity<ObjectNode> refused(ComputeException e, HttpServletRequest request) {
    int status = ErrorReply.statusOf(e.code().kind());
    if (e.code().kind() == ErrorCode.Kind.BROKEN) {
      log.atError()
          .addKeyValue("request", ApiRequest.idOf(request))
          .setCause(e)
          .log("request failed");
      return reply(
          e.code() == ErrorCode.UNEXPECTED
              ? ErrorReply.unexpected(ApiRequest.idOf(request))
              : new ErrorReply(status, e.explanation()),
          request);
    }
    log.atInfo()
        .addKeyValue("request", ApiRequest.idOf(request))
        .addKeyValue("code", e.code())
        .addKeyValue("reason", e.explanation())
        .log("request refused");
    return reply(new ErrorReply(status, e.explanation()), request);
  }

  @ExceptionHandler
  ResponseEntity<ObjectNode> refused(HttpFailure e, HttpServletRequest request) {
    HttpHeaders headers = new HttpHeaders();
    e.headers().forEach(headers::set);
    return ResponseEntity.status(e.status())
        .contentType(MediaType.APPLICATION_JSON)
        .headers(headers)
        .body(reply(new ErrorReply(e.status(), e.explanation()), request).getBody());
  }

  /** Whoever has the key now answers; this one did nothing. */
  @ExceptionHandler
  ResponseEntity<ObjectNode> takenOver(KeyTakenOverException e, HttpServletRequest request) {
    log.atWarn()
        .addKeyValue("request", ApiRequest.idOf(request))
        .setCause(e)
        .log("a request took longer than its idempotency key is held");
    ResponseEntity<ObjectNode> body =
        reply(
            new ErrorReply(
                409, "A later request with this Idempotency-Key took over. Send it again later."),
            request);
    return ResponseEntity.status(409)
        .contentType(MediaType.APPLICATION_JSON)
        .header(HttpHeaders.RETRY_AFTER, "1")
        .body(body.getBody());
  }

  @ExceptionHandler({NoHandlerFoundException.class, NoResourceFoundException.class})
  ResponseEntity<ObjectNode> noRoute(HttpServletRequest request) {
    if (VersionDocuments.isUnversioned(request.getRequestURI())) {
      return ResponseEntity.status(300)
          .contentType(MediaType.APPLICATION_JSON)
          .body(VersionDocuments.choices(request));
    }
    return reply(new ErrorReply(404, "The resource could not be found."), request);
  }

  @ExceptionHandler
  ResponseEntity<ObjectNode> wrongMethod(
      HttpRequestMethodNotSupportedException e, HttpServletRequest request) {
    ResponseEntity<ObjectNode> body =
        reply(
            new ErrorReply(
                405,
                "The method %s is not allowed for this resource."
                    .formatted(Refusals.shortened(e.getMethod()))),
            request);
    String[] allowed = Objects.requireNonNullElse(e.getSupportedMethods(), new String[0]);
    return ResponseEntity.status(405)
        .contentType(MediaType.APPLICATION_JSON)
        .header(HttpHeaders.ALLOW, String.join(", ", allowed))
        .body(body.getBody());
  }

  @ExceptionHandler
  ResponseEntity<ObjectNode> wrongType(
      HttpMediaTypeNotSupportedException e, HttpServletRequest request) {
    return reply(
        new ErrorReply(
            415,
            "Unsupported Content-Type %s"
                .formatted(Refusals.shortened(Objects.requireNonNullElse(e.getContentType(), "")))),
        request);
  }

  /** The client went away; there is nobody to tell. */
  @ExceptionHandler
  void gone(AsyncRequestNotUsableException e, HttpServletRequest request) {
    log.atInfo()
        .addKeyValue("request", ApiRequest.idOf(request))
        .log("the client left before its answer");
  }

  @ExceptionHandler
  ResponseEntity<ObjectNode> anything(Exception e, HttpServletRequest request) {
    if (e instanceof ErrorResponse known && known.getStatusCode().is4xxClientError()) {
      String detail = Objects.requireNonNullElse(known.getBody().getDetail(), "Bad request.");
      return reply(
          new ErrorReply(known.getStatusCode().value(), Refusals.shortened(detail)), request);
    }
    log.atError()
        .addKeyValue("request", ApiRequest.idOf(request))
        .setCause(e)
        .log("request failed");
    return reply(ErrorReply.unexpected(ApiRequest.idOf(request)), request);
  }

  private static ResponseEntity<ObjectNode> reply(ErrorReply error, HttpServletRequest request) {
    return ResponseEntity.status(error.status())
        .contentType(MediaType.APPLICATION_JSON)
        .body(error.body(request));
  }
}
