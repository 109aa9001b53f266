package dev.tern.system;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiConsumer;

/** A collector of traces by OTLP over HTTP, as far as is needed to see what came. */
final class TraceReceiver implements AutoCloseable {
  private final HttpServer server;
  private final List<Told> told = new ArrayList<>();

  /**
   * A span.
   *
   * @param host of the process that told it, as its resource says
   * @param parent empty of a root
   * @param links ids of spans of other traces
   */
  record Told(
      String service,
      String host,
      String trace,
      String id,
      String parent,
      String name,
      List<String> links) {}

  TraceReceiver() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/traces", this::take);
    server.start();
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  synchronized List<Told> told() {
    return List.copyOf(told);
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void take(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    synchronized (this) {
      fields(
          body,
          (field, resourceSpans) -> {
            if (field == 1) {
              resource(resourceSpans);
            }
          });
    }
    exchange.getResponseHeaders().add("Content-Type", "application/x-protobuf");
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  private void resource(byte[] resourceSpans) {
    String[] service = {"", ""};
    fields(
        resourceSpans,
        (field, value) -> {
          if (field == 1) {
            fields(
                value,
                (_, attribute) -> {
                  String[] pair = {"", ""};
                  fields(
                      attribute,
                      (part, text) -> {
                        if (part == 1) {
                          pair[0] = text(text);
                        } else if (part == 2) {
                          fields(text, (kind, string) -> pair[1] = kind == 1 ? text(string) : "");
                        }
                      });
                  switch (pair[0]) {
                    case "service.name" -> service[0] = pair[1];
                    case "host.name" -> service[1] = pair[1];
                    default -> {}
                  }
                });
          } else if (field == 2) {
            fields(
                value,
                (part, span) -> {
                  if (part == 2) {
                    told.add(span(service[0], service[1], span));
                  }
                });
          }
        });
  }

  private static Told span(String service, String host, byte[] span) {
    String[] said = {"", "", "", ""};
    List<String> links = new ArrayList<>();
    fields(
        span,
        (field, value) -> {
          switch (field) {
            case 1 -> said[0] = HexFormat.of().formatHex(value);
            case 2 -> said[1] = HexFormat.of().formatHex(value);
            case 4 -> said[2] = HexFormat.of().formatHex(value);
            case 5 -> said[3] = text(value);
            case 13 ->
                fields(
                    value,
                    (part, id) -> {
                      if (part == 2) {
                        links.add(HexFormat.of().formatHex(id));
                      }
                    });
            default -> {}
          }
        });
    return new Told(service, host, said[0], said[1], said[2], said[3], links);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Tells the fields of a protobuf message that have a length; numbers are passed over. */
  private static void fields(byte[] message, BiConsumer<Integer, byte[]> field) {
    int[] at = {0};
    while (at[0] < message.length) {
      long key = number(message, at);
      switch ((int) (key & 7)) {
        case 0 -> number(message, at);
        case 1 -> at[0] += Long.BYTES;
        case 2 -> {
          int length = Math.toIntExact(number(message, at));
          byte[] value = java.util.Arrays.copyOfRange(message, at[0], at[0] + length);
          at[0] += length;
          field.accept((int) (key >> 3), value);
        }
        case 5 -> at[0] += Integer.BYTES;
        default -> throw new IllegalArgumentException("no protobuf");
      }
    }
  }

  private static long number(byte[] message, int[] at) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = message[at[0]++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }
}
