------------------------------ MODULE HandOver ------------------------------
(* The hand-over of a guest, as the code does it: see README.md, which says which method each   *)
(* action is. Two hosts, on each an agent with its journal and a QEMU; one saga at a time, run  *)
(* by a conductor; requests that are lost, late, repeated and out of order; answers that are     *)
(* lost; deaths and restarts of everything, and a link that breaks.                              *)
EXTENDS Naturals, FiniteSets

CONSTANTS
  Migrations,   \* how many migrations are accepted, one after the other
  Faults,       \* how many faults happen in all
  Kinds,        \* which kinds of faults: a subset of AllKinds
  \* What the code does; FALSE is a broken variant.
  RecordFirst,  \* "handed over" is flushed before migrate-continue
  PermitNeeded, \* the destination records "arrived", or stays paused
  EpochChecked, \* an agent refuses a request of an epoch older than it has seen
  NothingGuessed, \* silence of the destination is not taken for its death
  PermitOfEpoch, \* a permit given before is not given again once the guest has left
  HomeExcludes, \* a guest that is brought home is not handed over meanwhile, nor later in that epoch
  AwaitsWord,   \* a restarted agent does not run a guest that came while it was away, until it is asked for it
  StartsNothing, \* a restarted agent starts no guest again
  HeardFirst,   \* nobody goes on to the steps behind the pivot before AwaitArrival was answered
  OnlySilence,  \* a host that answers and cannot say is not taken for one that is silent
  OnlyWhole,    \* nothing may be stated of a source whose guest has not arrived
  TrueStatements, \* what is stated to be fenced is
  AwaitsLetGo,  \* where a source can fail after all has arrived, the guest waits until it cannot any more
  \* What QEMU does; TRUE is a QEMU that can fail after its peer has everything: one that was allowed
  \* post-copy, or that describes its stream behind its end (StreamDescription has it leave that out).
  TailBreaks

Hosts == {"A", "B"}
Other(h) == IF h = "A" THEN "B" ELSE "A"

VARIABLES
  con,    \* conductor: pc (step), ans (answer to the question it asks), giveUp, abort
  db,     \* database: epoch, owner, src of each migration, sent, letGo, lost; the host that was stated to be
          \* fenced, whether that was relied on, and what it was told of since
  net,    \* every request with an effect that was ever sent: <<kind, epoch>>
  up,     \* per host: the agent's process lives; and cut: the host that nobody hears, off: that one has
          \* no power, ran: the one that lost its power with the guest running
  jr,     \* per host: what its journal says, dev.tern.agent.Standing
  job,    \* per host: the agent's thread that hands over: st, ep, cancel
  lane,   \* per host: the agent's thread that brings a guest home, beside that one
  kept,   \* per host: the epoch whose hand-over was taken back, as far as the agent remembers
  watch,  \* per host: the agent's thread that waits for an arrival: st, ep
  q,      \* per host: QEMU: run (its guest), mig (its outgoing migration)
  mir,    \* per host: its mirrors are ready
  wire,   \* the stream from one QEMU to the other
  fresh,  \* hosts whose disks and memory are the guest's newest
  died,   \* the QEMU that held the only copy has died
  left    \* faults that may still happen

vars == <<con, db, net, up, jr, job, lane, kept, watch, q, mir, wire, fresh, died, left>>
world == <<up, jr, job, lane, kept, watch, q, mir, wire, fresh, died>>

AllKinds == {"late request", "lost answer", "link", "agent", "QEMU", "conductor", "abort", "full disk"}
(* And of hosts, see Fencing below: "host", "cannot say", "too soon", "QEMU left". *)

Fault(kind) == kind \in Kinds /\ left > 0 /\ left' = left - 1

---------------------------------------------------------------------------
(* The saga's steps and what each asks. *)

Kind == [
  create |-> "CreateDisks", start |-> "StartIncoming", mirror |-> "MirrorDisks",
  handover |-> "HandOver", cancel |-> "CancelHandOver", refusedS |-> "AskSource",
  askD |-> "AskDestination", awaitD |-> "AwaitArrival", askS |-> "AskSource",
  killD |-> "KillIncoming", diagD |-> "AskDestination", home |-> "ReturnHome",
  diagS |-> "AskSource", arrive |-> "AwaitArrival", endedD |-> "AskDestination",
  retire |-> "RetireSource", undoMirror |-> "CancelMirrors", undoAsk |-> "AskSource",
  undoResume |-> "CancelHandOver", undoStart |-> "KillIncoming", undoCreate |-> "DeleteDisks",
  tellKill |-> "KillIncoming", tellDelete |-> "DeleteDisks", tellRetire |-> "RetireSource",
  tellAskD |-> "AskDestination", tellAskS |-> "AskSource"]

Asking == DOMAIN Kind
OfSource == {"MirrorDisks", "HandOver", "CancelHandOver", "AskSource", "ReturnHome", "RetireSource", "CancelMirrors"}
Looks == {"AskSource", "AskDestination"}
Tells == {"tellKill", "tellDelete", "tellRetire", "tellAskD", "tellAskS"}
Ended == con.pc \in {"idle"} \cup Tells
AtPivot == {"handover", "cancel", "refusedS", "askD", "awaitD", "askS", "killD", "diagD", "home", "diagS"}
           \cup (IF HeardFirst THEN {"arrive"} ELSE {})

HostOf(k, e) == IF k \in OfSource THEN db.src[e] ELSE Other(db.src[e])
S == db.src[db.epoch]
D == Other(S)
AskedHost == HostOf(Kind[con.pc], db.epoch)
Reached(h) == up[h] /\ up.cut # h
ReliedOn(h) == db.relied /\ db.fence = h

(* The step a conductor that follows a dead one begins with: what is in the database. *)
Step(p) == CASE p \in AtPivot -> "handover"
             [] p = "endedD" -> "arrive"
             [] p \in {"undoAsk", "undoResume"} -> "undoMirror"
             [] p \in Tells -> "idle"
             [] OTHER -> p

Sent(p) == IF p \in Asking /\ Kind[p] \notin Looks THEN net \cup {<<Kind[p], db.epoch>>} ELSE net

(* What was relied on is not asked any more. *)
Without(p) == CASE p = "handover" /\ ReliedOn(D) -> "home"
                [] p \in {"undoStart", "undoCreate"} /\ ReliedOn(D) -> "without"
                [] OTHER -> p

Go(p) == /\ con' = [con EXCEPT !.pc = Without(p), !.ans = "", !.giveUp = FALSE]
         /\ net' = Sent(Without(p))
GoGivingUp(p) == /\ con' = [con EXCEPT !.pc = p, !.ans = "", !.giveUp = TRUE]
                 /\ net' = Sent(p)

---------------------------------------------------------------------------
(* A host. *)

NoJob == [st |-> "none", ep |-> 0, cancel |-> FALSE, own |-> FALSE, go |-> FALSE]
NoWatch == [st |-> "none", ep |-> 0, go |-> FALSE]
NoQemu == [run |-> "none", mig |-> "none"]
Blank == [place |-> "NOTHING", ep |-> 0, high |-> 0, arr |-> 0, ho |-> 0, ret |-> 0, res |-> FALSE, sent |-> FALSE]

Alive(h) == q[h].run # "none"
Runs(h) == q[h].run = "runs"
(* What query-migrate calls completed: an arrival, and as well a departure. *)
Completed(h) == q[h].run = "loaded" \/ q[h].mig = "completed" \/ (Runs(h) /\ q[h].mig = "none")

(* Journal.append: an entry of a passed epoch is refused. *)
Younger(h, e) == e >= jr[h].high
Max(a, b) == IF a > b THEN a ELSE b
Seen(h, e) == IF jr[h].place = "NOTHING" THEN jr[h] ELSE [jr[h] EXCEPT !.high = Max(@, e)]

JobRuns(h) == job[h].st \in {"begins", "moves", "continued", "recorded", "waits", "stays"}

(* The guest of h runs from now on: what any other host has is old. *)
FreshAfterRunAt(h) == IF h \in fresh THEN {h} ELSE fresh

(* What the world is after the guest was brought home: Recovery.bringHome. *)
BroughtHome(h) ==
  /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "none"]]
  /\ wire' = IF q[h].mig \in {"active", "pre", "device"} THEN "down" ELSE wire
  /\ mir' = [mir EXCEPT ![h] = FALSE]
  /\ fresh' = FreshAfterRunAt(h)

Killed(h) ==
  /\ q' = [q EXCEPT ![h] = NoQemu]
  /\ mir' = [mir EXCEPT ![h] = FALSE]
  /\ fresh' = fresh \ {h}
  /\ wire' = IF wire = "up" \/ (wire = "eof" /\ q[h].run = "waits") THEN "down" ELSE wire

---------------------------------------------------------------------------
(* A request reaches an agent: in time, and its answer is awaited, or late, and costs a fault. A    *)
(* late one of a passed epoch is refused, which is as if it had not come.                           *)

Comes(k, e, inTime) ==
  /\ Reached(HostOf(k, e))
  /\ (~EpochChecked \/ Younger(HostOf(k, e), e))
  /\ IF inTime THEN con.pc \in Asking /\ Kind[con.pc] = k /\ e = db.epoch /\ con.ans = ""
               ELSE "late request" \in Kinds /\ left > 0 /\ <<k, e>> \in net
  /\ left' = IF inTime THEN left ELSE left - 1
  /\ UNCHANGED <<db, net, up, died>>

Answer(inTime, a) == con' = IF inTime THEN [con EXCEPT !.ans = a] ELSE con
NoAnswerYet == con' = con

Requests == {TRUE, FALSE}
Epochs == 1..db.epoch

(* DestinationSide.createDisks *)
CreateDisks == \E e \in Epochs, t \in Requests :
  LET h == HostOf("CreateDisks", e) IN LET j == jr[h] IN
  /\ Comes("CreateDisks", e, t)
  /\ UNCHANGED <<job, lane, kept>>
  /\ IF j.ep = e /\ j.place \in {"RECEIVING", "INCOMING"} THEN
       Answer(t, "ok") /\ jr' = [jr EXCEPT ![h] = Seen(h, e)] /\ UNCHANGED <<q, mir, wire, watch, fresh>>
     ELSE IF j.place \in {"NOTHING", "RECEIVING", "INCOMING", "RETIRED"} \/ (j.place = "DEAD" /\ j.ep # e) THEN
       /\ jr' = [jr EXCEPT ![h] = [Blank EXCEPT !.place = "RECEIVING", !.ep = e, !.high = e]]
       /\ Killed(h)
       /\ watch' = [watch EXCEPT ![h] = NoWatch]
       /\ Answer(t, "ok")
     ELSE Answer(t, "refused") /\ jr' = [jr EXCEPT ![h] = Seen(h, e)] /\ UNCHANGED <<q, mir, wire, watch, fresh>>

(* DestinationSide.startIncoming, Instance.startIncoming *)
StartIncoming == \E e \in Epochs, t \in Requests :
  LET h == HostOf("StartIncoming", e) IN LET j == jr[h] IN
  /\ Comes("StartIncoming", e, t)
  /\ UNCHANGED <<job, lane, kept, fresh, mir>>
  /\ IF j.place = "RECEIVING" /\ j.ep = e THEN
       /\ jr' = [jr EXCEPT ![h] = [j EXCEPT !.place = "INCOMING", !.high = Max(j.high, e)]]
       /\ q' = [q EXCEPT ![h] = [run |-> "waits", mig |-> "none"]]
       /\ watch' = [watch EXCEPT ![h] = [st |-> "watching", ep |-> e, go |-> FALSE]]
       /\ wire' = "none"
       /\ Answer(t, "ok")
     ELSE
       /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
       /\ Answer(t, IF j.place = "INCOMING" /\ j.ep = e /\ Alive(h) THEN "ok" ELSE "refused")
       /\ UNCHANGED <<q, watch, wire>>

(* DestinationSide.recordDead, then killIncoming: two steps, for an agent may die between them. *)
KillIncoming == \E e \in Epochs, t \in Requests :
  LET h == HostOf("KillIncoming", e) IN LET j == jr[h] IN
  /\ Comes("KillIncoming", e, t)
  /\ UNCHANGED <<job, lane, kept>>
  /\ IF j.place \in {"RUNNING", "STOPPED", "HANDED_OVER", "RETIRED"} THEN
       /\ Answer(t, "refused")
       /\ UNCHANGED <<jr, q, mir, wire, watch, fresh>>
     ELSE IF j.place = "DEAD" /\ j.ep = e THEN
       /\ Killed(h)
       /\ watch' = [watch EXCEPT ![h] = NoWatch]
       /\ Answer(t, "dead")
       /\ UNCHANGED jr
     ELSE
       /\ jr' = [jr EXCEPT ![h] = [j EXCEPT !.place = "DEAD", !.ep = e, !.high = Max(j.high, e)]]
       /\ fresh' = fresh \ {h} \* it never runs: no copy to count on
       /\ NoAnswerYet
       /\ UNCHANGED <<q, mir, wire, watch>>

(* DestinationSide.deleteDisks *)
DeleteDisks == \E e \in Epochs, t \in Requests :
  LET h == HostOf("DeleteDisks", e) IN LET j == jr[h] IN
  /\ Comes("DeleteDisks", e, t)
  /\ UNCHANGED <<job, lane, kept>>
  /\ IF j.place \in {"RECEIVING", "DEAD", "RETIRED", "NOTHING"} THEN
       /\ Killed(h)
       /\ jr' = [jr EXCEPT ![h] = Blank]
       /\ watch' = [watch EXCEPT ![h] = NoWatch]
       /\ Answer(t, "ok")
     ELSE
       /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
       /\ Answer(t, "refused")
       /\ UNCHANGED <<q, mir, wire, watch, fresh>>

(* DestinationSide.awaitArrival: it also lets a guest run that came while no agent was here. *)
AwaitArrival == \E e \in Epochs, t \in Requests :
  LET h == HostOf("AwaitArrival", e) IN LET j == jr[h] IN
  LET stands == /\ Alive(h) /\ j.ep = e
                /\ j.place = "INCOMING" \/ (j.place = "RUNNING" /\ j.arr = e /\ ~j.res)
      again == stands /\ (watch[h].st = "none" \/ (watch[h].st = "failed" /\ j.arr = e)) IN
  /\ Comes("AwaitArrival", e, t)
  /\ UNCHANGED <<jr, job, lane, kept, q, mir, wire, fresh>>
  /\ watch' = IF again THEN [watch EXCEPT ![h] = [st |-> "watching", ep |-> e, go |-> db.letGo[e]]]
               ELSE IF watch[h].st = "watching" /\ watch[h].ep = e THEN [watch EXCEPT ![h].go = @ \/ db.letGo[e]]
               ELSE watch
  /\ Answer(t, IF again \/ (watch[h].st \in {"watching", "permitted", "ran"} /\ watch[h].ep = e) THEN "working"
               ELSE IF j.arr = e THEN "arrived" ELSE "refused")

(* GuestReports.of; of no epoch. *)
Report(h) ==
  LET j == jr[h] IN
  CASE j.place = "NOTHING" \/ j.place = "RETIRED" \/ j.place = "RECEIVING" -> "ABSENT"
    [] j.place = "STOPPED" -> "STOPPED"
    [] j.place = "RUNNING" -> (IF Runs(h) THEN "RUNNING" ELSE IF Alive(h) THEN "PAUSED" ELSE "STOPPED")
    [] j.place = "INCOMING" -> "INCOMING"
    [] j.place = "HANDED_OVER" -> "HANDED_OVER"
    [] j.place = "DEAD" -> (IF Alive(h) THEN "INCOMING" ELSE "DEAD")

(* Of a guest that was handed over: GuestReport.letGo. *)
HasLetGo(h) == jr[h].place = "HANDED_OVER" /\ (jr[h].sent \/ q[h].mig = "completed")

WillNotLetGo(h) ==
  TailBreaks /\ jr[h].place = "HANDED_OVER" /\ ~jr[h].sent /\ (~Alive(h) \/ q[h].mig \in {"failed", "none"})

AskGuest ==
  /\ con.pc \in Asking /\ con.ans = "" /\ Kind[con.pc] \in {"AskSource", "AskDestination"}
  /\ Reached(AskedHost)
  /\ con' = [con EXCEPT !.ans = IF con.pc = "askS" /\ HasLetGo(S) THEN "LET GO"
                                ELSE IF con.pc = "askS" /\ WillNotLetGo(S) THEN "FAILED" ELSE Report(AskedHost)]
  /\ UNCHANGED <<db, net, left, world>>

(* SourceSide.mirrorDisks *)
MirrorDisks == \E e \in Epochs, t \in Requests :
  LET h == HostOf("MirrorDisks", e) IN
  /\ Comes("MirrorDisks", e, t)
  /\ ~JobRuns(h)
  /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
  /\ IF jr[h].place = "RUNNING" /\ Alive(h) /\ q[h].mig = "none" /\ q[Other(h)].run = "waits"
     THEN mir' = [mir EXCEPT ![h] = TRUE] /\ Answer(t, "ok")
     ELSE mir' = mir /\ Answer(t, "refused")
  /\ job' = [job EXCEPT ![h] = NoJob]
  /\ UNCHANGED <<lane, kept, watch, q, wire, fresh>>

(* A thread that has something to do at once is not overtaken by a whole migration. *)
MayArrive(h) == Completed(h) /\ (TailBreaks /\ AwaitsLetGo => watch[h].go)
WatchIsBusy(h) == watch[h].st \in {"permitted", "ran"} \/ (watch[h].st = "watching" /\ MayArrive(h))

(* SourceSide.handOver: begins the job, finds it, or says what is known. *)
HandOver == \E e \in Epochs, t \in Requests :
  LET h == HostOf("HandOver", e) IN LET j == jr[h] IN
  /\ Comes("HandOver", e, t)
  /\ ~JobRuns(h) /\ ~WatchIsBusy(h)
  /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
  /\ UNCHANGED <<lane, kept, watch, mir, wire, fresh>>
  /\ IF job[h].st \in {"stayed", "gone", "sent", "let go"} /\ job[h].ep = e THEN
       /\ Answer(t, IF job[h].st = "gone" THEN "refused" ELSE job[h].st) \* told once
       /\ job' = [job EXCEPT ![h] = NoJob]
       /\ UNCHANGED q
     ELSE IF j.place = "RUNNING" /\ Alive(h) THEN
       /\ job' = [job EXCEPT ![h] = [NoJob EXCEPT !.st = "begins", !.ep = e, !.own = TRUE]]
       /\ NoAnswerYet
       /\ UNCHANGED q
     ELSE IF j.place = "HANDED_OVER" /\ j.ho = e THEN
       IF j.sent \/ ~Alive(h) THEN Answer(t, IF j.sent THEN "let go" ELSE "sent") /\ UNCHANGED <<job, q>>
       ELSE (* Departure.goOn *)
         /\ job' = [job EXCEPT ![h] = [NoJob EXCEPT !.st = IF q[h].mig = "pre" THEN "recorded" ELSE "waits", !.ep = e]]
         /\ NoAnswerYet
         /\ UNCHANGED q
     ELSE Answer(t, "refused") /\ UNCHANGED <<job, q>>

(* SourceSide.cancelHandOver, OutgoingMigration.cancel *)
CancelHandOver == \E e \in Epochs, t \in Requests :
  LET h == HostOf("CancelHandOver", e) IN LET j == jr[h] IN
  /\ Comes("CancelHandOver", e, t)
  /\ lane[h] = "none"
  /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
  /\ UNCHANGED <<watch, mir>>
  /\ IF j.place # "RUNNING" \/ ~Alive(h) THEN
       Answer(t, "refused") /\ UNCHANGED <<job, lane, kept, q, wire, fresh>>
     ELSE IF JobRuns(h) THEN
       /\ job[h].st \in {"begins", "moves"}
       /\ job' = [job EXCEPT ![h].cancel = TRUE]
       /\ IF q[h].mig \in {"active", "pre"}
          THEN /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "failed"]]
               /\ wire' = "down"
               /\ fresh' = FreshAfterRunAt(h)
          ELSE UNCHANGED <<q, wire, fresh>>
       /\ NoAnswerYet
       /\ UNCHANGED <<lane, kept>>
     ELSE IF ~Runs(h) THEN (* nobody drives it now *)
       /\ lane' = [lane EXCEPT ![h] = "cancel"]
       /\ kept' = [kept EXCEPT ![h] = e]
       /\ NoAnswerYet
       /\ UNCHANGED <<job, q, wire, fresh>>
     ELSE Answer(t, "ok") /\ kept' = [kept EXCEPT ![h] = e] /\ UNCHANGED <<job, lane, q, wire, fresh>>

(* SourceSide.cancelMirrors *)
CancelMirrors == \E e \in Epochs, t \in Requests :
  LET h == HostOf("CancelMirrors", e) IN
  /\ Comes("CancelMirrors", e, t)
  /\ lane[h] = "none"
  /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
  /\ IF jr[h].place = "RUNNING" /\ Alive(h)
     THEN lane' = [lane EXCEPT ![h] = "mirrors"] /\ kept' = [kept EXCEPT ![h] = e] /\ NoAnswerYet
     ELSE UNCHANGED <<lane, kept>> /\ Answer(t, "ok")
  /\ UNCHANGED <<job, watch, q, mir, wire, fresh>>

(* The end of the two above: Guest.recoverAtHome, some time after they have looked. *)
ComesHome(h) ==
  /\ up[h] /\ lane[h] # "none"
  /\ lane' = [lane EXCEPT ![h] = "none"]
  /\ IF Alive(h) /\ (~HomeExcludes \/ jr[h].place = "RUNNING") THEN BroughtHome(h)
     ELSE UNCHANGED <<q, wire, mir, fresh>>
  /\ con' = IF /\ con.ans = "" /\ con.pc \in Asking /\ AskedHost = h
               /\ Kind[con.pc] = (IF lane[h] = "mirrors" THEN "CancelMirrors" ELSE "CancelHandOver")
            THEN [con EXCEPT !.ans = "ok"] ELSE con
  /\ UNCHANGED <<db, net, up, jr, job, kept, watch, died, left>>

(* SourceSide.returnHome: the record, then the guest; an agent may die between them. *)
ReturnHome == \E e \in Epochs, t \in Requests :
  LET h == HostOf("ReturnHome", e) IN LET j == jr[h] IN
  /\ Comes("ReturnHome", e, t)
  /\ ~JobRuns(h)
  /\ job' = [job EXCEPT ![h] = NoJob]
  /\ UNCHANGED <<lane, kept, watch>>
  /\ IF j.place = "HANDED_OVER" /\ j.ho = e THEN
       /\ jr' = [jr EXCEPT ![h] = [j EXCEPT !.place = IF Alive(h) THEN "RUNNING" ELSE "STOPPED",
                                            !.ep = e, !.high = Max(j.high, e), !.ret = e]]
       /\ IF Alive(h) THEN NoAnswerYet ELSE Answer(t, "refused")
       /\ UNCHANGED <<q, wire, mir, fresh>>
     ELSE
       /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
       /\ IF j.place = "RUNNING" /\ j.ret = e /\ Alive(h) THEN BroughtHome(h) /\ Answer(t, "ok")
          ELSE /\ Answer(t, IF j.place = "RUNNING" /\ Runs(h) THEN "ok" ELSE "refused")
               /\ UNCHANGED <<q, wire, mir, fresh>>

(* SourceSide.retire *)
RetireSource == \E e \in Epochs, t \in Requests :
  LET h == HostOf("RetireSource", e) IN LET j == jr[h] IN
  /\ Comes("RetireSource", e, t)
  /\ ~JobRuns(h)
  /\ UNCHANGED <<lane, kept, watch>>
  /\ IF j.place \in {"NOTHING", "RETIRED", "HANDED_OVER"} THEN
       /\ Killed(h)
       /\ jr' = [jr EXCEPT ![h] = Blank]
       /\ job' = [job EXCEPT ![h] = NoJob]
       /\ Answer(t, "ok")
     ELSE
       /\ jr' = [jr EXCEPT ![h] = Seen(h, e)]
       /\ Answer(t, "refused")
       /\ UNCHANGED <<job, q, mir, wire, fresh>>

---------------------------------------------------------------------------
(* The source agent's thread: OutgoingMigration.handOver and Departure. *)

JobAt(h, st) == up[h] /\ job[h].st = st
JobTo(h, st) == job' = [job EXCEPT ![h].st = st]
JobRest == <<con, db, net, up, lane, kept, watch, died, left>>

(* begin *)
Begins(h) ==
  /\ JobAt(h, "begins")
  /\ IF q[h].mig \in {"active", "pre"} THEN
       JobTo(h, "moves") /\ UNCHANGED <<q, wire>>
     ELSE IF mir[h] /\ Alive(h) /\ q[h].mig \in {"none", "failed"} /\ q[Other(h)].run = "waits" /\ wire = "none" THEN
       /\ JobTo(h, "moves")
       /\ q' = [q EXCEPT ![h].mig = "active"]
       /\ wire' = "up"
     ELSE JobTo(h, "stays") /\ UNCHANGED <<q, wire>>
  /\ UNCHANGED <<JobRest, jr, mir, fresh>>

(* DiskMirrors.finish, recordOrStay *)
MayRecord(h) ==
  /\ Younger(h, job[h].ep) /\ jr[h].place = "RUNNING"
  /\ HomeExcludes => lane[h] = "none" /\ kept[h] < job[h].ep
HandedOver(h) == jr' = [jr EXCEPT ![h] = [@ EXCEPT !.place = "HANDED_OVER", !.ep = job[h].ep,
                                           !.high = Max(@, job[h].ep), !.ho = job[h].ep, !.sent = FALSE]]
Records(h) ==
  /\ RecordFirst
  /\ JobAt(h, "moves") /\ q[h].mig = "pre" /\ wire = "up" /\ ~job[h].cancel /\ MayRecord(h)
  /\ HandedOver(h)
  /\ mir' = [mir EXCEPT ![h] = FALSE]
  /\ JobTo(h, "recorded")
  /\ UNCHANGED <<JobRest, q, wire, fresh>>

(* StayException *)
GivesUp(h) ==
  /\ JobAt(h, "moves")
  /\ \/ q[h].mig \notin {"active", "pre"} \/ job[h].cancel
     \/ (q[h].mig = "pre" /\ (wire # "up" \/ ~MayRecord(h)))
  /\ JobTo(h, "stays")
  /\ UNCHANGED <<JobRest, jr, q, mir, wire, fresh>>

(* stay *)
Stays(h) ==
  /\ JobAt(h, "stays")
  /\ IF Alive(h) THEN BroughtHome(h) /\ JobTo(h, "stayed")
     ELSE JobTo(h, "gone") /\ UNCHANGED <<q, wire, mir, fresh>>
  /\ UNCHANGED <<JobRest, jr>>

(* Departure.letGo *)
Continues(h) ==
  /\ JobAt(h, "recorded")
  /\ IF q[h].mig = "pre" THEN q' = [q EXCEPT ![h].mig = "device"] /\ JobTo(h, "waits")
     ELSE UNCHANGED q /\ JobTo(h, "waits")
  /\ UNCHANGED <<JobRest, jr, mir, wire, fresh>>

(* Departure.awaitEnd, keepPaused, sent; SourceSide.handOver *)
Ends(h) ==
  /\ JobAt(h, "waits")
  /\ \/ /\ q[h].mig = "completed"
        /\ jr' = IF Younger(h, job[h].ep) /\ jr[h].ho = job[h].ep THEN [jr EXCEPT ![h].sent = TRUE] ELSE jr
        /\ UNCHANGED q
     \/ /\ Alive(h) /\ q[h].mig \in {"failed", "none"}
        /\ q' = [q EXCEPT ![h].run = "stands"]
        /\ UNCHANGED jr
     \/ ~Alive(h) /\ UNCHANGED <<q, jr>>
  /\ JobTo(h, IF q[h].mig = "completed" \/ job[h].go THEN "let go" ELSE "sent")
  /\ UNCHANGED <<JobRest, mir, wire, fresh>>

(* The broken variant: first migrate-continue, then the record. *)
ContinuesUnrecorded(h) ==
  /\ ~RecordFirst
  /\ JobAt(h, "moves") /\ q[h].mig = "pre" /\ wire = "up" /\ ~job[h].cancel /\ MayRecord(h)
  /\ q' = [q EXCEPT ![h].mig = "device"]
  /\ mir' = [mir EXCEPT ![h] = FALSE]
  /\ JobTo(h, "continued")
  /\ UNCHANGED <<JobRest, jr, wire, fresh>>
RecordsAfterwards(h) ==
  /\ JobAt(h, "continued")
  /\ IF MayRecord(h) THEN HandedOver(h) /\ JobTo(h, "waits") ELSE UNCHANGED jr /\ JobTo(h, "stays")
  /\ UNCHANGED <<JobRest, q, mir, wire, fresh>>

---------------------------------------------------------------------------
(* The destination agent's thread: IncomingMigration.arrive and run, Instance.recordArrived. *)

WatchRest == <<con, db, net, up, job, lane, kept, mir, wire, died, left>>

Arrives(h) ==
  /\ up[h] /\ watch[h].st = "watching" /\ MayArrive(h)
  /\ LET e == watch[h].ep IN LET j == jr[h] IN
     IF ~PermitNeeded THEN
       /\ watch' = [watch EXCEPT ![h].st = "permitted"]
       /\ UNCHANGED jr
     ELSE IF j.arr = e THEN
       /\ watch' = [watch EXCEPT ![h].st =
                      IF PermitOfEpoch /\ ~(j.place = "RUNNING" /\ j.ep = e) THEN "failed" ELSE "permitted"]
       /\ UNCHANGED jr
     ELSE IF j.place = "INCOMING" /\ j.ep = e /\ Younger(h, e) THEN
       /\ jr' = [jr EXCEPT ![h] = [j EXCEPT !.place = "RUNNING", !.arr = e, !.res = FALSE]]
       /\ watch' = [watch EXCEPT ![h].st = "permitted"]
     ELSE watch' = [watch EXCEPT ![h].st = "failed"] /\ UNCHANGED jr
  /\ UNCHANGED <<WatchRest, q, fresh>>

Starts(h) ==
  /\ up[h] /\ watch[h].st = "permitted"
  /\ IF Alive(h) THEN /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "none"]]
                      /\ fresh' = FreshAfterRunAt(h)
                      /\ watch' = [watch EXCEPT ![h].st = "ran"]
     ELSE watch' = [watch EXCEPT ![h].st = "failed"] /\ UNCHANGED <<q, fresh>>
  /\ UNCHANGED <<WatchRest, jr>>

(* Instance.arrived: the record Resumed; that it cannot be written is a fault that is survived. *)
NotesResumed(h) ==
  /\ up[h] /\ watch[h].st = "ran"
  /\ \/ /\ jr' = IF jr[h].arr = watch[h].ep /\ Younger(h, watch[h].ep) THEN [jr EXCEPT ![h].res = TRUE] ELSE jr
        /\ watch' = [watch EXCEPT ![h] = NoWatch]
        /\ UNCHANGED left
     \/ Fault("full disk") /\ watch' = [watch EXCEPT ![h].st = "told"] /\ UNCHANGED jr
  /\ UNCHANGED <<con, db, net, up, job, lane, kept, mir, wire, died, q, fresh>>

---------------------------------------------------------------------------
(* QEMU. *)

QemuRest == <<con, db, net, up, jr, job, lane, kept, watch, mir, died>>

Converges(h) ==
  /\ q[h].mig = "active" /\ wire = "up"
  /\ q' = [q EXCEPT ![h] = [run |-> "stands", mig |-> "pre"]]
  /\ UNCHANGED <<QemuRest, wire, fresh, left>>

(* The last byte that the destination needs has left. *)
SendsAll(h) ==
  /\ q[h].mig = "device" /\ wire = "up"
  /\ q' = [q EXCEPT ![h].mig = "tail"]
  /\ wire' = "eof"
  /\ fresh' = IF h \in fresh THEN fresh \cup {Other(h)} ELSE fresh
  /\ UNCHANGED <<QemuRest, left>>

Completes(h) ==
  /\ q[h].mig = "tail"
  /\ TailBreaks => q[Other(h)].run \in {"loaded", "runs"} \* its last word
  /\ q' = [q EXCEPT ![h].mig = "completed"]
  /\ UNCHANGED <<QemuRest, wire, fresh, left>>

(* QEMU starts the guest by itself when its migration fails. *)
Fails(h) ==
  /\ q[h].mig \in {"active", "device"} /\ wire = "down"
  /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "failed"]]
  /\ fresh' = FreshAfterRunAt(h)
  /\ UNCHANGED <<QemuRest, wire, left>>

FailsInTheTail(h) ==
  /\ TailBreaks /\ Fault("link")
  /\ q[h].mig = "tail"
  /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "failed"]]
  /\ fresh' = FreshAfterRunAt(h)
  /\ UNCHANGED <<QemuRest, wire>>

LosesItsPeer(h) ==
  /\ TailBreaks
  /\ q[h].mig = "tail" /\ ~Alive(Other(h))
  /\ q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "failed"]]
  /\ fresh' = FreshAfterRunAt(h)
  /\ UNCHANGED <<QemuRest, wire, left>>

Loads(h) ==
  /\ q[h].run = "waits" /\ wire = "eof"
  /\ q' = [q EXCEPT ![h].run = "loaded"]
  /\ UNCHANGED <<QemuRest, wire, fresh, left>>

(* A QEMU that waits for a guest ends with its stream. *)
EndsWithItsStream(h) ==
  /\ q[h].run = "waits" /\ wire = "down"
  /\ q' = [q EXCEPT ![h] = NoQemu]
  /\ died' = (died \/ fresh = {h})
  /\ fresh' = fresh \ {h}
  /\ UNCHANGED <<con, db, net, up, jr, job, lane, kept, watch, mir, wire, left>>

---------------------------------------------------------------------------
(* Faults. *)

LinkBreaks ==
  /\ Fault("link") /\ wire \in {"up", "eof"}
  /\ wire = "eof" => \E h \in Hosts : q[h].run = "waits"
  /\ wire' = "down"
  /\ UNCHANGED <<con, db, net, up, jr, job, lane, kept, watch, q, mir, fresh, died>>

Forgets(h) ==
  /\ job' = [job EXCEPT ![h] = NoJob]
  /\ lane' = [lane EXCEPT ![h] = "none"]
  /\ kept' = [kept EXCEPT ![h] = 0]
  /\ watch' = [watch EXCEPT ![h] = NoWatch]

AgentDies(h) ==
  /\ Fault("agent") /\ up[h]
  /\ up' = [up EXCEPT ![h] = FALSE]
  /\ Forgets(h)
  /\ UNCHANGED <<con, db, net, jr, q, mir, wire, fresh, died>>

(* Adoption.adopt *)
AgentStarts(h) ==
  /\ ~up[h] /\ up.cut # h
  /\ up' = [up EXCEPT ![h] = TRUE]
  /\ LET j == jr[h] IN
     /\ jr' = [jr EXCEPT ![h] = CASE j.place = "RUNNING" /\ ~Alive(h) -> [j EXCEPT !.place = "STOPPED"]
                                  [] j.place = "RETIRED" -> Blank
                                  [] OTHER -> j]
     /\ watch' = [watch EXCEPT ![h] =
                    IF /\ Alive(h)
                       /\ \/ j.place = "INCOMING" /\ (q[h].run = "waits" \/ ~AwaitsWord)
                          \/ j.place = "RUNNING" /\ j.arr = j.ep /\ j.arr > 0 /\ ~j.res /\ ~AwaitsWord
                    THEN [st |-> "watching", ep |-> j.ep, go |-> FALSE] ELSE NoWatch]
     /\ IF j.place \in {"DEAD", "RETIRED"} THEN Killed(h)
        ELSE IF j.place = "RUNNING" /\ ~Alive(h) /\ ~StartsNothing THEN
          q' = [q EXCEPT ![h] = [run |-> "runs", mig |-> "none"]] /\ UNCHANGED <<mir, wire, fresh>>
        ELSE UNCHANGED <<q, mir, wire, fresh>>
  /\ UNCHANGED <<con, db, net, job, lane, kept, died, left>>

QemuDies(h) ==
  /\ Fault("QEMU") /\ Alive(h)
  /\ Killed(h)
  /\ died' = (died \/ fresh = {h} \/ jr[h].place \in {"RUNNING", "HANDED_OVER"})
  \* Departure.lost: who has watched it all along knows that it had not failed.
  /\ job' = IF job[h].own /\ job[h].st = "waits" /\ q[h].mig \in {"device", "tail", "completed"}
            THEN [job EXCEPT ![h].go = TRUE] ELSE job
  /\ UNCHANGED <<con, db, net, up, jr, lane, kept, watch>>

(* Instance.gone *)
AgentSeesTheEnd(h) ==
  /\ up[h] /\ ~Alive(h)
  /\ \/ jr[h].place = "RUNNING" \/ watch[h].st = "watching"
  /\ jr' = [jr EXCEPT ![h].place = IF @ = "RUNNING" THEN "STOPPED" ELSE @]
  /\ watch' = [watch EXCEPT ![h].st = IF @ = "watching" THEN "failed" ELSE @]
  /\ UNCHANGED <<con, db, net, up, job, lane, kept, q, mir, wire, fresh, died, left>>

ConductorDies ==
  /\ Fault("conductor") /\ con.pc # "idle"
  /\ Step(con.pc) # con.pc \/ con.ans # ""
  /\ Go(Step(con.pc))
  /\ UNCHANGED <<db, world>>

UserAborts ==
  /\ Fault("abort") /\ con.abort = "no" /\ con.pc \in AtPivot \cup {"start", "mirror"}
  /\ con' = [con EXCEPT !.abort = "asked"]
  /\ UNCHANGED <<db, net, world>>

---------------------------------------------------------------------------
(* The conductor: SagaEngine, LiveMigrationSaga, Source, Destination, GuestOwner, Outcome. *)

ConRest == <<left, world>>
At(p) == con.pc = p
Is(p, a) == con.pc = p /\ con.ans = a
In(p, as) == con.pc = p /\ con.ans \in as

(* An answer that does not come: because nobody is there, or because it is lost, which is a fault. *)
Silence ==
  /\ con.pc \in Asking
  /\ IF Reached(AskedHost) THEN Fault("lost answer") ELSE UNCHANGED left

Accepts ==
  /\ At("idle") /\ db.epoch < Migrations /\ ~db.lost /\ db.fence = ""
  /\ db' = [db EXCEPT !.epoch = @ + 1, !.src[db.epoch + 1] = db.owner, !.sent = FALSE]
  /\ con' = [con EXCEPT !.pc = "create", !.ans = "", !.abort = "no"]
  /\ net' = net \cup {<<"CreateDisks", db.epoch + 1>>}
  /\ UNCHANGED ConRest

GoesOn ==
  /\ \/ Is("create", "ok") /\ con.abort = "no" /\ Go("start")
     \/ Is("start", "ok") /\ con.abort = "no" /\ Go("mirror")
     \/ Is("mirror", "ok") /\ con.abort = "no" /\ Go("handover")
  /\ UNCHANGED <<db, ConRest>>

(* SagaEngine.turnBack, before the pivot *)
TurnsBack ==
  /\ con.pc \in {"create", "start", "mirror"}
  /\ \/ con.ans = "refused" /\ UNCHANGED left
     \/ con.abort = "asked" /\ UNCHANGED left
     \/ Silence
  /\ Go(CASE con.pc = "create" -> "undoCreate" [] con.pc = "start" -> "undoStart" [] OTHER -> "undoMirror")
  /\ UNCHANGED <<db, world>>

(* Source.handOver *)
HearsOfHandOver ==
  /\ \/ At("handover") /\ con.ans = "" /\ db.sent /\ Go("askD") /\ UNCHANGED <<db, left>>
     \/ Is("handover", "sent") /\ Go("askD") /\ db' = [db EXCEPT !.sent = TRUE] /\ UNCHANGED left
     \/ Is("handover", "let go") /\ Go("askD") /\ db' = [db EXCEPT !.sent = TRUE, !.letGo[db.epoch] = TRUE] /\ UNCHANGED left
     \/ Is("handover", "stayed") /\ Go("undoMirror") /\ UNCHANGED <<db, left>>
     \/ Is("handover", "refused") /\ Go("refusedS") /\ UNCHANGED <<db, left>>
     \/ At("handover") /\ Silence /\ Go("askD") /\ UNCHANGED db
     \/ At("refusedS") /\ con.ans # "" /\ Go(IF con.ans \in {"RUNNING", "PAUSED"} THEN "undoMirror" ELSE "askD") /\ UNCHANGED <<db, left>>
     \/ At("refusedS") /\ Silence /\ Go("askD") /\ UNCHANGED db
  /\ UNCHANGED world

(* Source.cancel *)
Cancels ==
  /\ \/ At("handover") /\ con.abort = "asked" /\ ~db.sent /\ Go("cancel") /\ UNCHANGED left
     \/ Is("cancel", "ok") /\ Go("undoMirror") /\ UNCHANGED left
     \/ /\ Is("cancel", "refused")
        /\ con' = [con EXCEPT !.pc = "handover", !.ans = "", !.abort = "too late"] /\ UNCHANGED <<net, left>>
     \/ At("cancel") /\ Silence /\ Go("handover")
  /\ UNCHANGED <<db, world>>

(* GuestOwner.whoOwnsGuest *)
AsksTheDestination ==
  /\ \/ In("askD", {"RUNNING", "PAUSED"}) /\ Go(IF HeardFirst THEN "awaitD" ELSE "arrive") /\ UNCHANGED left
     \/ Is("askD", "DEAD") /\ Go("home") /\ UNCHANGED left
     \/ Is("askD", "INCOMING") /\ Go("awaitD") /\ UNCHANGED left
     \/ In("askD", {"STOPPED", "ABSENT", "HANDED_OVER"}) /\ Go("killD") /\ UNCHANGED left
     \/ At("askD") /\ db.fence # D /\ Silence /\ Go("askS")
     \/ Is("awaitD", "arrived") /\ Go(IF HeardFirst THEN "owner" ELSE "arrive") /\ UNCHANGED left
     \/ Is("awaitD", "refused") /\ GoGivingUp("askS") /\ UNCHANGED left
     \/ Is("awaitD", "working") /\ Go("askS") /\ UNCHANGED left
     \/ Is("awaitD", "working") /\ GoGivingUp("askS") /\ UNCHANGED left
     \/ At("awaitD") /\ Silence /\ Go("askS")
  /\ UNCHANGED <<db, world>>

AsksTheSource ==
  /\ \/ In("askS", {"RUNNING", "PAUSED"}) /\ Go(IF db.sent THEN "undoMirror" ELSE "handover") /\ UNCHANGED <<db, left>>
     \/ /\ Is("askS", "LET GO") /\ ~db.letGo[db.epoch]
        /\ Go("awaitD") /\ db' = [db EXCEPT !.sent = TRUE, !.letGo[db.epoch] = TRUE] /\ UNCHANGED left
     \/ (Is("askS", "HANDED_OVER") \/ (Is("askS", "LET GO") /\ db.letGo[db.epoch])) /\ Go(IF con.giveUp THEN "killD" ELSE IF NothingGuessed THEN "handover" ELSE "home") /\ UNCHANGED <<db, left>>
     \/ In("askS", {"STOPPED", "ABSENT", "DEAD", "INCOMING", "FAILED"}) /\ Go("killD") /\ UNCHANGED <<db, left>>
     \/ At("askS") /\ Silence /\ Go("handover") /\ UNCHANGED db
  /\ UNCHANGED world

EndsTheCopy ==
  /\ \/ Is("killD", "dead") /\ Go("home") /\ UNCHANGED left
     \/ Is("killD", "refused") /\ Go("diagD") /\ UNCHANGED left
     \/ At("killD") /\ Silence /\ Go("handover")
     \/ Is("diagD", "STOPPED") /\ Go("arrive") /\ UNCHANGED left
     \/ In("diagD", {"RUNNING", "PAUSED"}) /\ Go(IF HeardFirst THEN "handover" ELSE "arrive") /\ UNCHANGED left
     \/ In("diagD", {"INCOMING", "HANDED_OVER", "DEAD", "ABSENT"}) /\ Go("handover") /\ UNCHANGED left
     \/ At("diagD") /\ Silence /\ Go("handover")
  /\ UNCHANGED <<db, world>>

SendsHome ==
  /\ \/ Is("home", "ok") /\ Go("undoMirror") /\ UNCHANGED left
     \/ Is("home", "refused") /\ Go("diagS") /\ UNCHANGED left
     \/ At("home") /\ Silence /\ Go("handover")
     \/ In("diagS", {"STOPPED", "ABSENT", "DEAD", "RUNNING", "PAUSED"}) /\ Go("undoMirror") /\ UNCHANGED left
     \/ In("diagS", {"HANDED_OVER", "INCOMING"}) /\ Go("handover") /\ UNCHANGED left
     \/ At("diagS") /\ Silence /\ Go("handover")
  /\ UNCHANGED <<db, world>>

(* GuestOwner.arrivedAndEnded; as the code was, Destination.awaitArrival. *)
HearsOfArrival ==
  /\ \/ Is("arrive", "arrived") /\ Go("owner") /\ UNCHANGED left
     \/ Is("arrive", "working") /\ Go(IF HeardFirst THEN "handover" ELSE "arrive") /\ UNCHANGED left
     \/ Is("arrive", "refused") /\ Go(IF HeardFirst THEN "owner" ELSE "endedD") /\ UNCHANGED left
     \/ At("arrive") /\ HeardFirst /\ Silence /\ Go("handover")
     \/ Is("endedD", "STOPPED") /\ Go("owner") /\ UNCHANGED left
     \/ At("endedD") /\ con.ans \notin {"", "STOPPED"} /\ Go("arrive") /\ UNCHANGED left
     \/ At("endedD") /\ Silence /\ Go("arrive")
  /\ UNCHANGED <<db, world>>

(* Outcome.changeOwner *)
ChangesOwner ==
  /\ At("owner") /\ Go("retire")
  /\ db' = [db EXCEPT !.owner = D]
  /\ UNCHANGED ConRest

(* Source.retire, Outcome.completed *)
CompletesSaga ==
  /\ \/ Is("retire", "ok") /\ Go("idle") /\ db' = [db EXCEPT !.sent = FALSE]
     \/ Is("retire", "refused") /\ Go("retire") /\ UNCHANGED db
  /\ UNCHANGED ConRest

(* The undoing of each step, and Outcome.rolledBack *)
Undoes ==
  /\ \/ In("undoMirror", {"ok", "refused"}) /\ Go("undoAsk") /\ UNCHANGED <<db, left>>
     \/ Is("undoAsk", "RUNNING") /\ Go("undoStart") /\ UNCHANGED <<db, left>>
     \/ Is("undoAsk", "PAUSED") /\ Go("undoResume") /\ UNCHANGED <<db, left>>
     \/ In("undoAsk", {"STOPPED", "ABSENT", "DEAD"}) /\ Go("undoStart") /\ db' = [db EXCEPT !.lost = TRUE] /\ UNCHANGED left
     \/ In("undoAsk", {"HANDED_OVER", "INCOMING"}) /\ Go("undoMirror") /\ UNCHANGED <<db, left>>
     \/ At("undoAsk") /\ Silence /\ Go("undoMirror") /\ UNCHANGED db
     \/ Is("undoResume", "ok") /\ Go("undoStart") /\ UNCHANGED <<db, left>>
     \/ Is("undoResume", "refused") /\ Go("undoMirror") /\ UNCHANGED <<db, left>>
     \/ Is("undoStart", "dead") /\ Go("undoCreate") /\ UNCHANGED <<db, left>>
     \/ Is("undoStart", "refused") /\ Go("undoStart") /\ UNCHANGED <<db, left>>
     \/ Is("undoCreate", "ok") /\ Go("idle") /\ UNCHANGED left /\ db' = [db EXCEPT !.sent = FALSE]
     \/ Is("undoCreate", "refused") /\ Go("undoCreate") /\ UNCHANGED <<db, left>>
  /\ UNCHANGED world

(* A repeated question whose answer was lost. *)
AsksAgain ==
  /\ con.pc \in {"arrive", "retire", "undoMirror", "undoResume", "undoStart", "undoCreate", "create", "start", "mirror", "handover"}
  /\ con.ans # "" /\ Fault("lost answer")
  /\ Go(con.pc)
  /\ UNCHANGED <<db, world>>

---------------------------------------------------------------------------
(* Fencing: a host that is not heard of, for long or for good, and what people do about it.         *)

(* The network to it is gone, and its threads go on; or its agent has ended, and is not started.     *)
GoesSilent(h) ==
  /\ Fault("host") /\ up.cut = ""
  /\ db.fence = "" \/ "too soon" \notin Kinds \* who is silent again is not heard before anybody acts
  /\ \/ up' = [up EXCEPT !.cut = h] /\ UNCHANGED <<job, lane, kept, watch>>
     \/ /\ up[h]
        /\ up' = [up EXCEPT !.cut = h, ![h] = FALSE]
        /\ Forgets(h)
  /\ UNCHANGED <<con, db, net, jr, q, mir, wire, fresh, died>>

(* The operator fences it, or it was that from the beginning. Disks and journal are left. *)
LosesPower(h) ==
  /\ up.cut = h /\ ~up.off
  /\ up' = [up EXCEPT !.off = TRUE, ![h] = FALSE, !.ran = IF Runs(h) THEN h ELSE @]
  /\ Forgets(h)
  /\ Killed(h)
  /\ died' = (died \/ (Alive(h) /\ (fresh = {h} \/ jr[h].place \in {"RUNNING", "HANDED_OVER"})))
  /\ UNCHANGED <<con, db, net, jr, left>>

IsHeardAgain(h) ==
  /\ up.cut = h
  /\ up' = [up EXCEPT !.cut = "", !.off = FALSE]
  /\ UNCHANGED <<con, db, net, jr, job, lane, kept, watch, q, mir, wire, fresh, died, left>>

(* ResolveController with Fencing.requireWaiting: who is said to be fenced is silent, and the other   *)
(* agrees to keep the guest.                                                                        *)
BeingTakenBack == {"undoMirror", "undoAsk", "undoResume", "undoStart", "undoCreate"}
Waits(h) == IF h = D THEN db.owner = S /\ con.pc \in AtPivot \cup BeingTakenBack
            ELSE con.pc = "retire" \/ (~OnlyWhole /\ con.pc \in AtPivot)
Keeps(h) == IF h = D THEN {"RUNNING", "PAUSED", "STOPPED"} \cup (IF OnlyWhole THEN {} ELSE {"INCOMING"})
            ELSE {"RUNNING", "PAUSED", "STOPPED", "HANDED_OVER"}
MayState(h) ==
  /\ ~Ended /\ db.fence = "" /\ Waits(h)
  /\ up.cut = h
  /\ Reached(Other(h)) /\ Report(Other(h)) \in Keeps(Other(h))

States(h) ==
  /\ MayState(h) /\ (up.off \/ ~TrueStatements)
  /\ db' = [db EXCEPT !.fence = h]
  /\ UNCHANGED <<con, net, left, world>>

(* A statement about a host that was not fenced, and is heard again before anybody acts on it. *)
StatesTooSoon(h) ==
  /\ "too soon" \in Kinds
  /\ MayState(h) /\ up[h]
  /\ db' = [db EXCEPT !.fence = h]
  /\ up' = [up EXCEPT !.cut = ""]
  /\ UNCHANGED <<con, net, left, jr, job, lane, kept, watch, q, mir, wire, fresh, died>>

(* A statement about a host without power over its QEMU: that one has the guest and does not run it.   *)
StatesOverAQemu(h) ==
  /\ "QEMU left" \in Kinds
  /\ MayState(h) /\ ~up[h] /\ q[h].run = "loaded"
  /\ db' = [db EXCEPT !.fence = h]
  /\ UNCHANGED <<con, net, left, world>>

(* FenceStore.relyOn. From here on what the fenced host has does not count: the newest is what the    *)
(* other one keeps, and it lives.                                                                   *)
RelyOn(h) ==
  LET o == Other(h) IN
  /\ db' = [db EXCEPT !.relied = TRUE]
  /\ fresh' = IF fresh = {} /\ Alive(o) /\ jr[o].place = "HANDED_OVER" THEN {o} ELSE fresh
  /\ died' = (died /\ ~(Alive(o) /\ o \in fresh'))
RelyRest == <<up, jr, job, lane, kept, watch, q, mir, wire>>

(* GuestOwner.find, Journey.unlessFenced *)
GoesOnWithout ==
  \/ /\ At("askD") /\ db.fence = D /\ Silence
     /\ RelyOn(D) /\ Go("home") /\ UNCHANGED RelyRest
  \/ /\ con.pc \in {"undoStart", "undoCreate"} /\ db.fence = D /\ Silence
     /\ RelyOn(D) /\ Go("without") /\ UNCHANGED RelyRest
  \/ /\ At("retire") /\ db.fence = S /\ Silence
     /\ RelyOn(S) /\ Go("without") /\ UNCHANGED RelyRest
  \/ At("without") /\ Go("idle") /\ db' = [db EXCEPT !.sent = FALSE] /\ UNCHANGED ConRest

(* Word.Evasive: its monitor is silent, its disk fails, it is of another version. *)
CannotSay ==
  /\ con.pc \in Asking /\ con.ans = "" /\ Kind[con.pc] \in {"AskSource", "AskDestination"}
  /\ Reached(AskedHost) /\ Fault("cannot say")
  /\ con' = [con EXCEPT !.ans = "CANNOT SAY"]
  /\ UNCHANGED <<db, net, world>>
HearsNothing ==
  /\ con.ans = "CANNOT SAY" /\ con.pc \in {"askD", "askS", "diagD", "diagS", "undoAsk"}
  /\ IF At("askD") /\ db.fence = D /\ ~OnlySilence
     THEN RelyOn(D) /\ Go("home") /\ UNCHANGED <<RelyRest, left>>
     ELSE /\ Go(CASE At("askD") -> "askS" [] At("undoAsk") -> "undoMirror" [] OTHER -> "handover")
          /\ UNCHANGED <<db, ConRest>>

(* FencedHosts *)
LooksAtFenced ==
  /\ At("idle") /\ db.relied /\ db.told = "" /\ Reached(db.fence)
  /\ Go(IF db.fence = S THEN "tellRetire" ELSE "tellKill")
  /\ UNCHANGED <<db, ConRest>>
Settles(outcome) == Go("idle") /\ db' = [db EXCEPT !.told = outcome] /\ UNCHANGED left
TellsFenced ==
  /\ \/ Is("tellKill", "dead") /\ Go("tellDelete") /\ UNCHANGED <<db, left>>
     \/ In("tellDelete", {"ok"}) /\ Settles("REMOVED")
     \/ In("tellRetire", {"ok"}) /\ Settles("REMOVED")
     \/ In("tellRetire", {"refused"}) /\ Go("tellAskS") /\ UNCHANGED <<db, left>>
     \/ con.pc \in {"tellKill", "tellDelete"} /\ con.ans = "refused" /\ Go("tellAskD") /\ UNCHANGED <<db, left>>
     \/ /\ con.pc \in {"tellAskD", "tellAskS"} /\ con.ans \in {"STOPPED", "ABSENT", "DEAD", "INCOMING", "HANDED_OVER"}
        /\ Settles("LEFT")
     \/ /\ con.pc \in {"tellAskD", "tellAskS"} /\ con.ans \in {"RUNNING", "PAUSED", "CANNOT SAY"}
        /\ Go("idle") /\ UNCHANGED <<db, left>>
     \/ con.pc \in Tells /\ Silence /\ Go("idle") /\ UNCHANGED db
  /\ UNCHANGED world

(* The broken variant: a source is given up whose guest has not arrived, and what was copied is started. *)
StartsHalfCopied ==
  /\ ~OnlyWhole /\ At("askD") /\ con.ans = "" /\ db.fence = S
  /\ q' = [q EXCEPT ![D] = [run |-> "runs", mig |-> "none"]]
  /\ Go("owner")
  /\ UNCHANGED <<db, left, up, jr, job, lane, kept, watch, mir, wire, fresh, died>>

---------------------------------------------------------------------------
Init ==
  /\ con = [pc |-> "idle", ans |-> "", giveUp |-> FALSE, abort |-> "no"]
  /\ db = [epoch |-> 0, owner |-> "A", src |-> [e \in 1..Migrations |-> "A"], sent |-> FALSE, lost |-> FALSE,
            letGo |-> [e \in 1..Migrations |-> FALSE], fence |-> "", relied |-> FALSE, told |-> ""]
  /\ net = {}
  /\ up = [A |-> TRUE, B |-> TRUE, cut |-> "", off |-> FALSE, ran |-> ""]
  /\ jr = [h \in Hosts |-> IF h = "A" THEN [Blank EXCEPT !.place = "RUNNING"] ELSE Blank]
  /\ job = [h \in Hosts |-> NoJob]
  /\ lane = [h \in Hosts |-> "none"]
  /\ kept = [h \in Hosts |-> 0]
  /\ watch = [h \in Hosts |-> NoWatch]
  /\ q = [h \in Hosts |-> IF h = "A" THEN [run |-> "runs", mig |-> "none"] ELSE NoQemu]
  /\ mir = [h \in Hosts |-> FALSE]
  /\ wire = "none"
  /\ fresh = {"A"}
  /\ died = FALSE
  /\ left = Faults

Progress ==
  \/ AskGuest \/ AwaitArrival
  \/ \E h \in Hosts : ComesHome(h) \/ Begins(h) \/ Records(h) \/ GivesUp(h) \/ Stays(h) \/ Continues(h) \/ Ends(h)
       \/ ContinuesUnrecorded(h) \/ RecordsAfterwards(h) \/ Arrives(h) \/ Starts(h) \/ NotesResumed(h)
       \/ Converges(h) \/ SendsAll(h) \/ Completes(h) \/ Fails(h) \/ LosesItsPeer(h) \/ Loads(h) \/ EndsWithItsStream(h)
       \/ AgentStarts(h) \/ AgentSeesTheEnd(h)
  \/ GoesOn \/ TurnsBack \/ HearsOfHandOver \/ Cancels \/ AsksTheDestination \/ AsksTheSource \/ EndsTheCopy
  \/ SendsHome \/ HearsOfArrival \/ ChangesOwner \/ CompletesSaga \/ Undoes

RequestsHandled ==
  CreateDisks \/ StartIncoming \/ KillIncoming \/ DeleteDisks \/ MirrorDisks \/ HandOver \/ CancelHandOver
  \/ CancelMirrors \/ ReturnHome \/ RetireSource

Faulty ==
  \/ LinkBreaks \/ ConductorDies \/ UserAborts \/ AsksAgain
  \/ \E h \in Hosts : AgentDies(h) \/ QemuDies(h) \/ FailsInTheTail(h)

Fenced ==
  \/ GoesOnWithout \/ CannotSay \/ HearsNothing \/ LooksAtFenced \/ TellsFenced \/ StartsHalfCopied
  \/ \E h \in Hosts : GoesSilent(h) \/ LosesPower(h) \/ IsHeardAgain(h) \/ States(h)
       \/ StatesTooSoon(h) \/ StatesOverAQemu(h)

Next == Accepts \/ Progress \/ RequestsHandled \/ Faulty \/ Fenced

Spec == Init /\ [][Next]_vars

(* What is not a fault happens in the end: a dead agent is started again, a question is asked      *)
(* until it is answered, a QEMU that can go on does.                                              *)
QemuGoesOn == \E h \in Hosts :
  Converges(h) \/ SendsAll(h) \/ Completes(h) \/ Fails(h) \/ LosesItsPeer(h) \/ Loads(h) \/ EndsWithItsStream(h)
AgentGoesOn(h) ==
  \/ Begins(h) \/ Records(h) \/ GivesUp(h) \/ Stays(h) \/ Continues(h) \/ Ends(h)
  \/ ContinuesUnrecorded(h) \/ RecordsAfterwards(h)
WatchGoesOn(h) == Arrives(h) \/ Starts(h) \/ NotesResumed(h) \/ AgentSeesTheEnd(h)
ConductorGoesOn ==
  GoesOn \/ TurnsBack \/ HearsOfHandOver \/ Cancels \/ AsksTheDestination \/ AsksTheSource \/ EndsTheCopy
  \/ SendsHome \/ HearsOfArrival \/ ChangesOwner \/ CompletesSaga \/ Undoes
  \/ GoesOnWithout \/ HearsNothing \/ LooksAtFenced \/ TellsFenced
QuestionsArrive == RequestsHandled \/ AskGuest \/ AwaitArrival

FairSpec ==
  /\ Spec
  /\ WF_vars(QemuGoesOn) /\ WF_vars(ConductorGoesOn) /\ WF_vars(QuestionsArrive)
  /\ \A h \in Hosts : /\ WF_vars(AgentStarts(h)) /\ WF_vars(AgentGoesOn(h)) /\ WF_vars(WatchGoesOn(h))
                      /\ WF_vars(ComesHome(h))
                      /\ WF_vars(LosesPower(h)) /\ WF_vars(States(h)) \* but nobody brings a host back

---------------------------------------------------------------------------
(* I1: no two QEMUs run the vCPUs of one server. *)
OneRunner == \A g, h \in Hosts : Runs(g) /\ Runs(h) => g = h

(* I2, as far as a hand-over can break it: what runs is the newest there is, and nothing but a    *)
(* fault ends the last good copy.                                                                 *)
NothingLost ==
  /\ \A h \in Hosts : Runs(h) => h \in fresh
  /\ fresh = {} => died

(* I3: outside a migration the owner in the database is the host that runs the guest, or will at *)
(* its agent's next look; no other could.                                                         *)
OneOwner ==
  Ended => LET o == Other(db.owner) IN
    /\ ~Runs(o)
    /\ (ReliedOn(o) /\ db.told = "") \/ jr[o].place \notin {"RUNNING", "HANDED_OVER"}
    /\ jr[db.owner].place \in {"RUNNING", "STOPPED"}
    /\ jr[db.owner].place = "STOPPED" => died
    /\ Runs(db.owner) \/ died

(* A fenced host keeps what ran there, as nobody but a person knows what it is worth; and when it was *)
(* told, nothing else is left, but for what a late CreateDisks makes again.                         *)
FencedKeeps ==
  /\ up.ran # "" => jr[up.ran].place \in {"RUNNING", "STOPPED", "HANDED_OVER"}
  /\ db.told = "REMOVED" =>
       /\ ~Alive(db.fence)
       /\ jr[db.fence].place \in {"NOTHING"} \cup (IF "late request" \in Kinds THEN {"RECEIVING", "DEAD"} ELSE {})
  /\ db.told = "LEFT" => jr[db.fence].place = "STOPPED" /\ ~Alive(db.fence) /\ jr[db.fence].arr = db.epoch

(* I5 for what is modelled: no process, disk or journal is left where the guest is not. *)
NothingLeft ==
  con.pc = "idle" => LET h == Other(db.owner) IN ~Alive(h) /\ jr[h].place = "NOTHING"

(* I6: every accepted migration ends. *)
EveryMigrationEnds == ~Ended ~> Ended

(* With hosts that never come back: but for one case. A source that is lost before its guest arrived   *)
(* has the only copy, and nothing may be stated of it.                                              *)
SourceLost == ~Ended /\ up.cut = S /\ db.owner = S
EndsUnlessSourceLost == <>[]SourceLost \/ []<>Ended

(* What a host was fenced for it is told, when it is heard again for good. *)
FencedIsTold == <>[](db.relied => db.told # "" \/ up.cut = db.fence)

(* And the guest runs again, unless the QEMU that had it died. *)
TheGuestRuns == <>[](died \/ \E h \in Hosts : Runs(h))
=============================================================================
