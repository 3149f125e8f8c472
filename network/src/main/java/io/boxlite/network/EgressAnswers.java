package io.boxlite.network;

import java.io.IOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Answers the questions of one `boxlite-net`. What needs no lookup is answered on the reading
/// thread; lookups have threads of their own, a bounded number for each box, so that a box that
/// asks much waits for itself only.
final class EgressAnswers implements ControlChannel.Listener {
  private static final int MAX_LOOKUPS = 64;

  /// As many as boxlite-net has open questions.
  private static final int MAX_WAITING = 1024;

  private static final int MAX_UNDECIDED = 16_384;

  /// After 5 s boxlite-net does not wait any more.
  private static final long PATIENCE_SECONDS = 4;

  private final EgressRules rules;
  private final FlowDecisions decisions;
  private final BoxResolver resolver;
  private final EgressLog log;
  private final CompletableFuture<ControlChannel> control = new CompletableFuture<>();
  private final Semaphore waiting = new Semaphore(MAX_WAITING);
  private final Semaphore lookups = new Semaphore(MAX_LOOKUPS);
  private final Map<Long, Undecided> undecided = new ConcurrentHashMap<>();

  /// Held while the policy is changed, and while an answer by it is put on its way.
  private final Object changes = new Object();

  /// A connection whose first bytes are awaited.
  ///
  /// @param seen how many of them were not enough; -1: not asked yet
  private record Undecided(int address, int port, int seen) {}

  EgressAnswers(EgressRules rules, FlowDecisions decisions, EgressLog log) {
    this.rules = rules;
    this.decisions = decisions;
    this.log = log;
    resolver = new BoxResolver(rules, log);
  }

  /// Says where answers go.
  void answerTo(ControlChannel channel) {
    control.complete(channel);
  }

  boolean isUndecided(long flow) {
    return undecided.containsKey(flow);
  }

  @Override
  public void message(String kind, ControlFields fields) throws IOException {
    switch (kind) {
      case "ask" -> ask(fields);
      case "closed" -> closed(fields);
      case "denied" -> denied(fields);
      default -> throw new IOException("a message of an unknown kind");
    }
  }

  private void ask(ControlFields ask) throws IOException {
    long id = ask.id("id");
    String kind = ask.text("kind");
    switch (kind) {
      case "tcp", "udp" -> flow(id, kind, ask.address("address"), ask.port("port"));
      case "name" -> name(id, ask.id("flow"), ask.data("data"));
      case "dns" -> question(id, ask.data("data"));
      default -> throw new IOException("a question of an unknown kind");
    }
  }

  private void flow(long id, String kind, int address, int port) {
    boolean tcp = kind.equals("tcp");
    settle(
        () -> tcp ? decisions.tcp(address, port) : decisions.udp(address, port),
        verdict -> begin(id, verdict, kind, address, port));
  }

  private void begin(long id, Verdict verdict, String kind, int address, int port) {
    if (!(verdict instanceof Verdict.Peek)) {
      answer(id, verdict, kind, address, port);
    } else if (undecided.size() < MAX_UNDECIDED) {
      undecided.put(id, new Undecided(address, port, -1));
      answer(id, verdict, kind, address, port);
    } else {
      Verdict full = new Verdict.Deny("", "", "too many connections that have sent nothing");
      answer(id, full, kind, address, port);
    }
  }

  /// Decides, and answers if the policy is still the one that was decided by: whoever changes it
  /// and then looks at the flows must find all that the old one let begin.
  private void settle(Supplier<Verdict> decide, Consumer<Verdict> use) {
    while (true) {
      EgressPolicy before = rules.policy();
      Verdict verdict = decide.get();
      synchronized (changes) {
        if (rules.policy() == before) {
          use.accept(verdict);
          return;
        }
      }
    }
  }

  /// Changes the policy; what is answered from then on is decided by it.
  void change(EgressPolicy policy) {
    synchronized (changes) {
      rules.change(policy);
    }
  }

  private void name(long id, long flow, byte[] data) throws IOException {
    Undecided found = undecided.get(flow);
    if (found == null) {
      send(id, "deny", Map.of());
      return;
    }
    if (data.length > FirstBytes.MAX_BYTES) {
      throw new IOException("more first bytes than there may be");
    }
    boolean last = data.length == found.seen || data.length == FirstBytes.MAX_BYTES;
    FirstBytes first = FirstBytes.of(data);
    Consumer<Verdict> use =
        verdict -> {
          if (verdict instanceof Verdict.More) {
            undecided.replace(flow, found, new Undecided(found.address, found.port, data.length));
          } else {
            undecided.remove(flow);
          }
          answer(id, verdict, "tcp", found.address, found.port);
        };
    inTurn(
        () -> settle(() -> decisions.first(found.address, found.port, first, last), use),
        () -> use.accept(new Verdict.Deny("", "", "too many lookups")));
  }

  private void question(long id, byte[] data) {
    switch (resolver.begin(data)) {
      case BoxResolver.Step.Drop _ -> send(id, "deny", Map.of());
      case BoxResolver.Step.Reply reply -> dns(id, reply.data());
      case BoxResolver.Step.LookUp lookUp ->
          inTurn(
              () -> dns(id, resolver.lookUp(lookUp.question())),
              () -> dns(id, resolver.failed(lookUp.question())));
    }
  }

  private void dns(long id, byte[] data) {
    if (control.join().isBehind()) {
      send(id, "deny", Map.of()); // a box that asks faster than answers are sent asks again
    } else {
      send(id, "dns", Map.of("data", Base64.getEncoder().encodeToString(data)));
    }
  }

  /// Does what may block when it is its turn; or the other, when that comes too late.
  private void inTurn(Runnable task, Runnable late) {
    if (!waiting.tryAcquire()) {
      late.run();
      return;
    }
    Thread.ofVirtual()
        .name("net-lookup")
        .start(() -> {
          try {
            runInTime(task, late);
          } finally {
            waiting.release();
          }
        });
  }

  private void runInTime(Runnable task, Runnable late) {
    try {
      if (!lookups.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        late.run();
        return;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      late.run();
      return;
    }
    try {
      task.run();
    } finally {
      lookups.release();
    }
  }

  private void answer(long id, Verdict verdict, String protocol, int address, int port) {
    switch (verdict) {
      case Verdict.Dial dial -> {
        begun(dial.tag());
        send(
            id,
            "dial",
            Map.of("address", IpV4.text(dial.address()), "port", port, "tag", dial.tag().text()));
      }
      case Verdict.Proxy proxy -> {
        begun(proxy.tag());
        FlowProxy to = rules.proxy().orElseThrow();
        send(
            id,
            "proxy",
            Map.of(
                "socket", to.socket().toString(),
                "header", to.header(proxy.flow()),
                "tag", proxy.tag().text()));
      }
      case Verdict.Peek peek ->
          send(id, "peek", Map.of("wait_ms", peek.waitMillis(), "tag", peek.tag().text()));
      case Verdict.More _ -> send(id, "more", Map.of());
      case Verdict.Deny deny -> {
        FlowTag tag = new FlowTag(protocol, address, port, deny.name(), deny.rule());
        log.add(EgressLog.Entry.decision("denied", tag, deny.reason()));
        send(id, "deny", Map.of());
      }
    }
  }

  private void begun(FlowTag tag) {
    if (!tag.name().isEmpty()) {
      rules.pins().use(tag.name(), tag.address());
    }
    log.add(EgressLog.Entry.decision("allowed", tag, ""));
  }

  private void closed(ControlFields closed) throws IOException {
    undecided.remove(closed.id("flow"));
    Optional<FlowTag> tag = FlowTag.parse(closed.textOr("tag", ""));
    if (tag.isEmpty()) {
      return; // of the default, of which nobody was asked
    }
    rules.pins().release(tag.get().name(), tag.get().address());
    String error = closed.textOr("error", "");
    log.add(
        EgressLog.Entry.end(
            tag.get(),
            closed.count("sent"),
            closed.count("received"),
            error.length() > 200 ? error.substring(0, 200) : error));
  }

  private void denied(ControlFields denied) throws IOException {
    String reason = denied.textOr("reason", "");
    FlowTag tag =
        new FlowTag(
            denied.text("kind").equals("udp") ? "udp" : "tcp",
            denied.address("address"),
            denied.port("port"),
            "",
            "");
    log.add(
        EgressLog.Entry.decision(
            "denied", tag, reason.length() > 200 ? reason.substring(0, 200) : reason));
  }

  private void send(long id, String verdict, Map<String, ?> more) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", id);
    fields.put("verdict", verdict);
    fields.putAll(more);
    control.join().send("answer", fields);
  }
}
