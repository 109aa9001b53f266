package dev.tern.api;

import dev.tern.api.errors.ErrorReply;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.core.StandardHost;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;

/**
 * What the container refuses by itself (paths that lead out, bad headers) has the same shape as
 * every other refusal.
 */
final class ContainerErrors implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  @Override
  public void customize(TomcatServletWebServerFactory factory) {
    // A %2F in an id is part of the id, and no id has one; the answer is the endpoint's own 404.
    factory.addConnectorCustomizers(connector ->
        connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue()));
    factory.addContextCustomizers(context -> {
      if (context.getParent() instanceof StandardHost host) {
        host.setErrorReportValveClass(Report.class.getName());
      }
    });
  }

  /** Made by the container, by name. */
  public static final class Report extends ErrorReportValve {
    @Override
    protected void report(Request request, Response response, @Nullable Throwable failure) {
      int status = response.getStatus();
      if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
        return;
      }
      String message =
          status < 500
              ? "The request is malformed."
              : "Unexpected API Error. See the service's log.";
      String path = request.getDecodedRequestURI() == null ? "/" : request.getDecodedRequestURI();
      try {
        response.setContentType("application/json");
        response.setCharacterEncoding("utf-8");
        response.getReporter().write(new ErrorReply(status, message).body(path).toString());
        response.finishResponse();
      } catch (IOException e) {
        container.getLogger().debug("the client left before its answer", e);
      }
    }
  }
}
