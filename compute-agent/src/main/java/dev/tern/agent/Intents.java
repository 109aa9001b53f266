package dev.tern.agent;

import dev.tern.agent.LedgerEntry.Place;
import dev.tern.agent.LedgerEntry.Thing;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.MigrationObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What each request of a migration makes on this host, by name, before it is made. Ports are not
 * known by then: who chooses them announces them.
 */
final class Intents {
  private final HostDirectories directories;
  private final Instances instances;
  private final dev.tern.contract.HostName host;
  private final boolean insecure;

  /**
   * The intents of a host.
   *
   * @param insecure its streams are plaintext, so there are no keys
   */
  Intents(Instances instances, dev.tern.contract.HostName host, boolean insecure) {
    this.directories = instances.directories();
    this.instances = instances;
    this.host = host;
    this.insecure = insecure;
  }

  /**
   * What it is about to make; empty for those that make nothing, or only take back.
   *
   * @throws dev.tern.contract.ComputeException when the request cannot be read
   */
  List<Thing> of(AgentRequest request) throws IOException {
    Header header = request.header();
    return switch (request) {
      case AgentRequest.CheckDestination _ ->
          List.of(new Thing(Kind.FILE, Place.DATA, "instances/" + ProbeFiles.name(header, host)));
      case AgentRequest.ReserveSpace _ -> List.of(room(header));
      case AgentRequest.AgreeOnKey _ -> keyFile(header);
      case AgentRequest.GatherLayers r -> layers(header, r.source());
      case AgentRequest.CreateDisks r -> disks(header, r.source());
      case AgentRequest.StartIncoming r -> incoming(header, r.source());
      case AgentRequest.KillIncoming _ -> home(header);
      case AgentRequest.KeepConsole _ -> List.of(server(header, "console.earlier", Place.SERVER));
      case AgentRequest.SendLayers _ -> List.of(server(header, LayerDeparture.SENT, Place.DATA));
      case AgentRequest.MirrorDisks _ -> mirrors(header);
      case AgentRequest.HandOver _ -> leaving(header);
      case AgentRequest.RetireSource r -> r.keepDisks() ? kept(header) : List.of();
      case AgentRequest.KeepDisks _ -> kept(header);
      case AgentRequest.BuildServer _,
          AgentRequest.StartServer _,
          AgentRequest.StopServer _,
          AgentRequest.RebootServer _,
          AgentRequest.PauseServer _,
          AgentRequest.UnpauseServer _,
          AgentRequest.SuspendServer _,
          AgentRequest.ResumeServer _,
          AgentRequest.DestroyServer _,
          AgentRequest.LeaveServer _,
          AgentRequest.AskGuest _,
          AgentRequest.ReadConsole _,
          AgentRequest.WithdrawKey _,
          AgentRequest.WantConsole _,
          AgentRequest.SealConsole _,
          AgentRequest.DescribeSource _,
          AgentRequest.CheckSource _,
          AgentRequest.StopLayers _,
          AgentRequest.SealSecrets _,
          AgentRequest.CancelMirrors _,
          AgentRequest.SteerMove _,
          AgentRequest.ForceComplete _,
          AgentRequest.CancelHandOver _,
          AgentRequest.ReturnHome _,
          AgentRequest.EndCheck _,
          AgentRequest.ReleaseSpace _,
          AgentRequest.KeepLayers _,
          AgentRequest.DropLayers _,
          AgentRequest.DeleteDisks _,
          AgentRequest.AwaitArrival _,
          AgentRequest.OfColdMove _,
          AgentRequest.OfDisks _ ->
          List.of();
    };
  }

  private static List<Thing> kept(Header header) {
    return List.of(
        new Thing(Kind.FILE, Place.HOST, "kept/" + header.server() + "-" + header.epoch()));
  }

  private static Thing room(Header header) {
    return new Thing(Kind.RESERVATION, Place.ROOM, "reserved/" + header.server());
  }

  private List<Thing> keyFile(Header header) {
    return insecure
        ? List.of()
        : List.of(
            new Thing(Kind.KEY, Place.DATA, "keys/" + header.server() + "-" + header.epoch()));
  }

  private static Thing server(Header header, String file, Place place) {
    return new Thing(Kind.FILE, place, "instances/" + header.server() + "/" + file);
  }

  /** The server's directory and journal. */
  private List<Thing> home(Header header) {
    String home = "instances/" + header.server();
    return instances.of(header.server()).present()
        ? List.of()
        : List.of(
            new Thing(Kind.FILE, Place.SERVER, home),
            new Thing(Kind.JOURNAL, Place.SERVER, home + "/journal"));
  }

  private List<Thing> layers(Header header, SourceFacts source) {
    List<Thing> things = bases(DiskWays.arriving(header, source));
    if (!things.isEmpty()) {
      String of = header.server().toString();
      things.add(new Thing(Kind.FILE, Place.DATA, "receiving/" + of));
      things.add(new Thing(Kind.PROCESS, Place.RECEIVER, "layer receiver of " + of));
    }
    things.add(room(header)); // also for layers that are here: it keeps them from being removed
    return things;
  }

  /** Files below the disks that are not here yet. */
  private List<Thing> bases(LaunchRecipe recipe) {
    List<Thing> things = new ArrayList<>();
    Recipes.files(recipe)
        .distinct()
        .filter(
            digest -> !Files.exists(directories.bases().resolve(digest), LinkOption.NOFOLLOW_LINKS))
        .forEach(digest -> things.add(new Thing(Kind.FILE, Place.HOST, "_base/" + digest)));
    return things;
  }

  private List<Thing> disks(Header header, SourceFacts source) {
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    List<Thing> things = bases(recipe);
    things.add(room(header));
    things.add(new Thing(Kind.FILE, Place.SERVER, "instances/" + header.server()));
    things.add(new Thing(Kind.JOURNAL, Place.SERVER, "instances/" + header.server() + "/journal"));
    things.add(server(header, "recipe.json", Place.SERVER));
    for (LocalDisk disk : recipe.localDisks()) {
      disk.storage()
          .ifPresent(name -> things.add(server(header, LocalDisk.linkTo(name), Place.SERVER)));
      things.add(server(header, disk.in(Path.of("")).toString(), Place.SERVER));
      if (disk.encrypted()) {
        things.add(new Thing(Kind.KEY, Place.SECRETS, header.server() + "-" + disk.id()));
      }
    }
    return things;
  }

  private List<Thing> incoming(Header header, SourceFacts source) {
    LaunchRecipe recipe = DiskWays.arriving(header, source);
    List<Thing> things = new ArrayList<>();
    things.add(new Thing(Kind.PROCESS, Place.QEMU, "qemu of " + header.server()));
    things.addAll(keyInQemu(header));
    if (!insecure) {
      things.add(
          new Thing(Kind.KEY, Place.DATA, "instances/" + header.server() + "/tls-server/keys.psk"));
    }
    for (DiskRecipe disk : recipe.disks()) {
      things.add(new Thing(Kind.BLOCK_NODE, Place.IN_GUEST, disk.id()));
    }
    for (LocalDisk disk : recipe.localDisks()) {
      things.add(new Thing(Kind.EXPORT, Place.IN_QEMU, MigrationObjects.export(disk.id())));
    }
    return things;
  }

  private List<Thing> keyInQemu(Header header) {
    return insecure
        ? List.of()
        : List.of(
            new Thing(Kind.KEY, Place.IN_QEMU, MigrationObjects.key(StreamKeys.identity(header))));
  }

  private List<Thing> mirrors(Header header) throws IOException {
    List<Thing> things = new ArrayList<>(leaving(header));
    if (Recipes.present(instances.of(header.server()).directory())) {
      Recipes.recipe(instances.of(header.server()).directory(), header.server())
          .localDisks()
          .stream()
          .flatMap(disk ->
              Stream.of(
                  MigrationObjects.mirrorTarget(disk.id()),
                  MigrationObjects.mirrorConnection(disk.id())))
          .forEach(node -> things.add(new Thing(Kind.BLOCK_NODE, Place.IN_QEMU, node)));
    }
    return things;
  }

  private List<Thing> leaving(Header header) {
    List<Thing> things = new ArrayList<>(keyInQemu(header));
    things.add(server(header, MoveNote.FILE, Place.DATA));
    return things;
  }
}
