package dev.tern.api;

import dev.tern.api.disks.Agents;
import dev.tern.api.hosts.AskingHosts;
import dev.tern.api.preflight.AskingSchedulers;
import dev.tern.contract.amqp.Asked;
import dev.tern.store.StoreTestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** The application as it ships, over a real database, with a stand-in for what agents answer. */
final class StoreApi implements AutoCloseable {
  /** What agents say to questions. */
  final AtomicReference<Agents> agents =
      new AtomicReference<>((_, _, _) -> new Asked.NoAnswer<>("no host is there"));

  /** What hosts say of themselves and of guests that could come. */
  final AtomicReference<AskingHosts> answering =
      new AtomicReference<>((host, _, _) -> new Asked.NoAnswer<>("nobody listens to " + host));

  /** What schedulers answer. */
  final AtomicReference<AskingSchedulers> choosing =
      new AtomicReference<>((_, _) -> new Asked.NoAnswer<>("no scheduler is there"));

  private final ConfigurableApplicationContext context;
  private final HttpClient client = HttpClient.newHttpClient();

  StoreApi(StoreTestDatabase database, String... properties) {
    SpringApplicationBuilder application =
        ApiApplication.application()
            .sources(Answering.class)
            .initializers(
                starting -> starting.getBeanFactory().registerSingleton("storeApi", this));
    List<String> all =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--tern.amqp.uri=amqp://nobody:nothing@127.0.0.1:9",
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + database.user(),
                "--spring.datasource.password=" + database.password()));
    all.addAll(List.of(properties));
    context = application.run(all.toArray(String[]::new));
  }

  /** To this path, to be completed and {@link #send sent}. */
  HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(
            URI.create(
                "http://127.0.0.1:%s%s"
                    .formatted(context.getEnvironment().getProperty("local.server.port"), path)))
        .timeout(Duration.ofSeconds(30));
  }

  /** Scheme, host and port. */
  String base() {
    return "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port");
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    client.close();
    context.close();
  }

  @Configuration(proxyBeanMethods = false)
  static class Answering {
    @Bean
    @Primary
    Agents answeringAgents(StoreApi api) {
      return (host, request, deadline) ->
          Objects.requireNonNull(api.agents.get()).ask(host, request, deadline);
    }

    @Bean
    @Primary
    AskingHosts answeringHosts(StoreApi api) {
      return (host, question, deadline) ->
          Objects.requireNonNull(api.answering.get()).ask(host, question, deadline);
    }

    @Bean
    @Primary
    AskingSchedulers answeringSchedulers(StoreApi api) {
      return (question, deadline) ->
          Objects.requireNonNull(api.choosing.get()).ask(question, deadline);
    }
  }
}
