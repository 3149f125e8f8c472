package io.boxlite.network;

import io.boxlite.network.EgressPolicy.Ruling;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// The resolver that one box sees: decides which questions are answered, and notes which addresses
/// the box was told. Thread-safe.
final class BoxResolver {
  private static final int HEADER_BYTES = 12;

  /// Questions are short; nothing else is taken for one.
  private static final int MAX_QUESTION_BYTES = 4096;

  private static final int UDP_PAYLOAD = 1232;
  private static final int LOCAL_TTL = 60;
  private static final int MAX_TTL = 300;
  private static final Map<String, Integer> LOCAL =
      Map.of(EgressRules.HOST_NAME, IpV4.HOST_ALIAS, "gateway.boxlite.internal", IpV4.GATEWAY);
  private static final Map<String, String> REVERSE =
      Map.of(
          "254.127.168.192.in-addr.arpa",
          EgressRules.HOST_NAME,
          "1.127.168.192.in-addr.arpa",
          "gateway.boxlite.internal");

  private final EgressRules rules;
  private final EgressLog log;

  BoxResolver(EgressRules rules, EgressLog log) {
    this.rules = rules;
    this.log = log;
  }

  /// What a question comes to.
  sealed interface Step {
    /// Nothing can be answered.
    record Drop() implements Step {}

    /// An answer.
    record Reply(byte[] data) implements Step {}

    /// An answer that has to be looked up.
    ///
    /// @param question what was asked
    record LookUp(Question question) implements Step {}
  }

  /// One question of the box.
  ///
  /// @param query its message
  /// @param record what is asked
  /// @param name in lower case, without a dot at its end
  record Question(Message query, Record record, String name) {}

  /// Decides about a message. Does not block.
  Step begin(byte[] data) {
    if (data.length < HEADER_BYTES || (data[2] & 0x80) != 0) {
      return new Step.Drop();
    }
    Message query;
    try {
      if (data.length > MAX_QUESTION_BYTES) {
        return reply(malformed(data));
      }
      query = new Message(data);
    } catch (IOException | RuntimeException _) {
      return reply(malformed(data));
    }
    if (query.getHeader().getOpcode() != Opcode.QUERY) {
      return reply(answer(query, Rcode.NOTIMP));
    }
    List<Record> questions = query.getSection(Section.QUESTION);
    if (questions.size() != 1 || !query.getSection(Section.ANSWER).isEmpty()) {
      return reply(malformed(data));
    }
    Record asked = questions.getFirst();
    String name = asked.getName().toString(true).toLowerCase(Locale.ROOT);
    try {
      return decide(new Question(query, asked, name));
    } catch (RuntimeException _) {
      return reply(malformed(data)); // what can be parsed need not make sense to the library
    }
  }

  private Step decide(Question question) {
    Message query = question.query;
    int type = question.record.getType();
    if (question.record.getDClass() != DClass.IN || type == Type.AXFR || type == Type.IXFR) {
      return refuse(question, "", "only questions about the internet are answered");
    }
    Optional<Message> local = local(question);
    if (local.isPresent()) {
      return reply(local.get());
    }
    Ruling ruling = rules.onQuestion(question.name);
    if (!ruling.isAllowed()) {
      return refuse(question, ruling.rule(), ruling.reason());
    }
    // The interface has no IPv6. HTTPS records would hide the host (ECH) or name other addresses.
    boolean hides = type == Type.HTTPS || type == Type.SVCB;
    EgressPolicy policy = rules.policy();
    boolean named = !policy.isOpen();
    if (type == Type.AAAA
        || (hides && (named || policy.deniesNames() || rules.opens(question.name)))) {
      return reply(answer(query, Rcode.NOERROR));
    }
    if (named && type == Type.CNAME) {
      return reply(answer(query, Rcode.NOERROR));
    }
    if (named && type != Type.A && type != Type.ANY) {
      return refuse(question, "", "only addresses are told of names that rules allow");
    }
    log.add(entry(question, "allowed", ruling.rule(), ""));
    return new Step.LookUp(question);
  }

  private Optional<Message> local(Question question) {
    String name = question.name;
    String reverse = REVERSE.get(name);
    if (reverse != null) {
      Message answer = answer(question.query, Rcode.NOERROR);
      if (question.record.getType() == Type.PTR) {
        Name target = Name.fromConstantString(reverse + ".");
        answer.addRecord(
            new PTRRecord(question.record.getName(), DClass.IN, LOCAL_TTL, target), Section.ANSWER);
      }
      return Optional.of(answer);
    }
    Integer address = LOCAL.get(name);
    if (address != null) {
      return Optional.of(
          question.record.getType() == Type.A
              ? addresses(question, List.of(address), LOCAL_TTL)
              : answer(question.query, Rcode.NOERROR));
    }
    boolean ours =
        name.endsWith(".boxlite.internal")
            || name.equals("boxlite.internal")
            || name.endsWith(".127.168.192.in-addr.arpa")
            || name.equals("localhost")
            || name.endsWith(".localhost");
    return ours ? Optional.of(answer(question.query, Rcode.NXDOMAIN)) : Optional.empty();
  }

  private Step refuse(Question question, String rule, String reason) {
    log.add(entry(question, "denied", rule, reason));
    return reply(answer(question.query, Rcode.REFUSED));
  }

  private static EgressLog.Entry entry(
      Question question, String verdict, String rule, String reason) {
    String type = Type.string(question.record.getType());
    return EgressLog.Entry.decision(
        verdict,
        new FlowTag("dns", 0, 53, question.name, rule),
        reason.isEmpty() ? type : type + ": " + reason);
  }

  /// {@return the answer that nothing could be looked up for}
  byte[] failed(Question question) {
    return answer(question.query, Rcode.SERVFAIL).toWire(Message.MAXLENGTH);
  }

  /// Looks the question up. Blocks.
  byte[] lookUp(Question question) {
    try {
      boolean flat =
          !rules.policy().isOpen() || (question.record.getType() == Type.A && !dnssec(question));
      Message answer = flat ? flat(question) : forwarded(question);
      return answer.toWire(Message.MAXLENGTH);
    } catch (IOException | RuntimeException _) {
      return failed(question);
    }
  }

  /// Only addresses: aliases on the way are names that no rule has to allow.
  private Message flat(Question question) throws IOException {
    if (HostNames.of(question.name).isEmpty()) {
      return answer(question.query, Rcode.NXDOMAIN); // no host has such a name
    }
    Names.Answer found = rules.names().addresses(question.name);
    if (found.addresses().isEmpty()) {
      return answer(question.query, found.code());
    }
    List<Integer> told = tellable(found.addresses());
    // The order is the client's load balancing, which the cache would take away.
    Collections.shuffle(told);
    int ttl = Math.clamp(found.timeToLive().toSeconds(), 1, MAX_TTL);
    told.forEach(address -> rules.pins().told(question.name, address, Duration.ofSeconds(ttl)));
    return addresses(question, told, ttl);
  }

  private List<Integer> tellable(List<Integer> addresses) {
    EgressPolicy policy = rules.policy();
    return new ArrayList<>(addresses.stream().filter(policy::mayBeAnswered).toList());
  }

  /// What an open box asks goes on as it is, but addresses that no name may have.
  private Message forwarded(Question question) throws IOException {
    Header asked = question.query.getHeader();
    Message found =
        rules.names().forward(question.record, asked.getFlag(Flags.CD), dnssec(question));
    Message answer = answer(question.query, found.getRcode());
    if (found.getHeader().getFlag(Flags.AD)) {
      answer.getHeader().setFlag(Flags.AD);
    }
    for (int section = Section.ANSWER; section <= Section.ADDITIONAL; section++) {
      for (Record record : found.getSection(section)) {
        if (mayPass(question, record)) {
          answer.addRecord(record, section);
        }
      }
    }
    return answer;
  }

  private boolean mayPass(Question question, Record record) {
    if (record instanceof OPTRecord) {
      return false; // ours is there already
    }
    if (!(record instanceof ARecord a)) {
      return true;
    }
    OptionalInt address = IpV4.of(a.getAddress());
    if (address.isEmpty() || !rules.policy().mayBeAnswered(address.getAsInt())) {
      return false;
    }
    if (question.record.getType() == Type.A) {
      rules
          .pins()
          .told(
              question.name, address.getAsInt(), Duration.ofSeconds(Math.min(a.getTTL(), MAX_TTL)));
    }
    return true;
  }

  private static boolean dnssec(Question question) {
    OPTRecord options = question.query.getOPT();
    return options != null && (options.getFlags() & ExtendedFlags.DO) != 0;
  }

  private static Message addresses(Question question, List<Integer> addresses, int ttl) {
    Message answer = answer(question.query, Rcode.NOERROR);
    for (int address : addresses) {
      answer.addRecord(
          new ARecord(question.record.getName(), DClass.IN, ttl, IpV4.inet(address)),
          Section.ANSWER);
    }
    return answer;
  }

  private static Message answer(Message query, int code) {
    Message answer = new Message(query.getHeader().getID());
    Header header = answer.getHeader();
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    header.setOpcode(query.getHeader().getOpcode());
    if (query.getHeader().getFlag(Flags.RD)) {
      header.setFlag(Flags.RD);
    }
    if (query.getHeader().getFlag(Flags.CD)) {
      header.setFlag(Flags.CD);
    }
    header.setRcode(code & 0xf);
    query.getSection(Section.QUESTION).stream()
        .limit(1)
        .forEach(record -> answer.addRecord(record, Section.QUESTION));
    OPTRecord options = query.getOPT();
    if (options != null) {
      int flags = options.getFlags() & ExtendedFlags.DO;
      answer.addRecord(new OPTRecord(UDP_PAYLOAD, code >> 4, 0, flags), Section.ADDITIONAL);
    }
    return answer;
  }

  private static Message malformed(byte[] data) {
    Message answer = new Message(((data[0] & 0xff) << 8) | (data[1] & 0xff));
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setRcode(Rcode.FORMERR);
    return answer;
  }

  private static Step reply(Message answer) {
    return new Step.Reply(answer.toWire(Message.MAXLENGTH));
  }
}
