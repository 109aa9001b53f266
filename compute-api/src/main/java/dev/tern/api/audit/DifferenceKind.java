package dev.tern.api.audit;

import java.util.Locale;

/** Every kind of difference there is, worst first, each with what is to be done about it. */
public enum DifferenceKind {
  GUEST_TWICE(
      "the guest runs here, and on the host that the database has it on too",
      "Now: end the copy on the host that the database does not name, by hand, with its disks kept."
          + " Then compare both disks before you trust either."),
  GUEST_ELSEWHERE(
      "the guest runs here, and the database has the server on another host, or on none",
      "Leave it running. Find out by both journals who is to run it; if this host is, correct the"
          + " server's host in the database. Never start it on the other host before."),
  GUEST_UNKNOWN(
      "a guest runs here of a server that the database does not know, or has deleted",
      "Leave its disks. If the database was restored from an older backup, restore a newer one;"
          + " otherwise save the disks, then end the process by hand."),
  SERVER_ABSENT(
      "the database has the server on this host, and the host has nothing of it",
      "Look for its directory on other hosts (an audit names it there) and in this host's kept/."
          + " Start nothing for it before it is found."),
  GUEST_BROKEN(
      "the server's journal is damaged, or its QEMU does not answer or has stopped on an error",
      "Read the host's message and the server's console. A QEMU that does not answer may still"
          + " write: end it before anything else touches its disks."),
  GUEST_NOT_RUNNING(
      "the database has the server as active, and its guest does not run here",
      "A guest that waits for room on the host's disk (its message says so) goes on by itself once"
          + " there is some. Otherwise stop the server over the API and start it again."),
  GUEST_RUNNING(
      "the database has the server as stopped or in error, and its guest runs here",
      "Stop the server over the API, then start it: both sides are alike then."),
  PROCESS_UNOWNED(
      "a hypervisor, or one of its tools, that uses the host's directories and that no journal owns",
      "Find out who started it (`ps`, `/proc/PID/cmdline`); end it by hand."),
  DIRECTORY_UNOWNED(
      "a server's directory here, while the server is on another host, or is not known",
      "Find out which host has the server's newest disks; then move the directory away by hand."),
  COPY_KEPT(
      "disks of a server that were put aside: a copy that a migration had brought here when its"
          + " source was lost, which may be incomplete, or those of a server that was evacuated from"
          + " this host when it was fenced. They may be the last there are",
      "If the server runs from its own disks again, or is not needed any more, remove the directory"
          + " by hand. Otherwise bring the source's disks back if there is any way; if there is none,"
          + " rescue what you need from the copy (docs/operations.md), then remove it."),
  OBJECT_UNOWNED(
      "a file, key, reservation or export that belongs to no server and to no migration under way",
      "Find out who made it; remove it by hand."),
  RECEIPT_OPEN(
      "a migration is over, and something that was made for it is there still",
      "Ask again in some minutes: the host sweeps what is left. It leaves what may be the guest, and"
          + " all of a server whose journal is damaged; its log says which. If it stays, look at the"
          + " migration's receipt, and remove the object by hand unless the guest uses it."),
  RECEIPT_DAMAGED(
      "a migration is over, and the host cannot read its receipt",
      "Look on the host for what the migration left, then remove the receipt's file."),
  RECEIPT_UNKNOWN(
      "the host keeps the receipt of a migration that the database does not know",
      "Look whether the database was restored from an older backup. If not, remove what the receipt"
          + " names as open, then its file."),
  CLAIM_UNOWNED(
      "a share of the host is claimed for a server that is not there, with nothing under way",
      "Migrate the server, or delete it: the end of either gives the claim back. Of a deleted"
          + " server: set released_at of the row, and take its share from host_shares."),
  CLAIM_MISSING(
      "the database has the server on this host without a claim there, so its share may be given"
          + " away",
      "Check that the server's host in the database is right; then migrate it, which claims anew."),
  HOST_UNKNOWN(
      "the host does not answer, or cannot see what it has: nothing is known of it, good or bad",
      "Start its agent, or look at its log; then ask again.");

  private final String meaning;
  private final String remedy;

  DifferenceKind(String meaning, String remedy) {
    this.meaning = meaning;
    this.remedy = remedy;
  }

  /** As clients see it. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What differs, for people. */
  public String meaning() {
    return meaning;
  }

  /** What to do, for people. */
  public String remedy() {
    return remedy;
  }
}
