package io.boxlite.network;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// Looks names up as the host does: its `/etc/hosts`, then its resolvers. One for all boxes; holds
/// nothing to be closed. Thread-safe; blocking, up to 9 s.
///
/// @since 0.1
public final class Names {
  private static final Path HOSTS = Path.of("/etc/hosts");
  private static final Duration DEADLINE = Duration.ofSeconds(9);
  private static final Duration TRY = Duration.ofSeconds(3);
  private static final Duration CONFIG_AGE = Duration.ofSeconds(15);
  private static final int MAX_CACHED = 4096;
  private static final int MAX_ADDRESSES = 64;
  private static final int MAX_ALIASES = 16;
  private static final long MAX_TTL_SECONDS = 3600;
  private static final long MAX_NEGATIVE_TTL_SECONDS = 60;

  private final Supplier<List<InetSocketAddress>> servers;
  private final HostsFile hosts;
  private final Duration deadline;
  private final Map<String, Cached> cache = new LinkedHashMap<>(16, 0.75f, true);

  /// What is known of a name.
  ///
  /// @param code of DNS
  /// @param addresses IPv4 addresses in the order that came; empty if it has none
  /// @param timeToLive how long that holds
  record Answer(int code, List<Integer> addresses, Duration timeToLive) {}

  private record Cached(Answer answer, long since) {}

  Names(Supplier<List<InetSocketAddress>> servers, Path hosts, Duration deadline) {
    this.servers = servers;
    this.hosts = new HostsFile(hosts);
    this.deadline = deadline;
  }

  /// {@return the names of this host}
  public static Names ofHost() {
    return new Names(new HostServers(), HOSTS, DEADLINE);
  }

  /// {@return the names that some resolvers know, and `/etc/hosts`}
  ///
  /// @param servers asked in this order
  public static Names of(List<InetSocketAddress> servers) {
    List<InetSocketAddress> fixed = List.copyOf(servers);
    return new Names(() -> fixed, HOSTS, DEADLINE);
  }

  /// What `/etc/resolv.conf` says, read again now and then: a laptop changes its network.
  private static final class HostServers implements Supplier<List<InetSocketAddress>> {
    private long readAt = System.nanoTime();

    @Override
    public synchronized List<InetSocketAddress> get() {
      if (System.nanoTime() - readAt > CONFIG_AGE.toNanos()) {
        ResolverConfig.refresh();
        readAt = System.nanoTime();
      }
      return ResolverConfig.getCurrentConfig().servers();
    }
  }

  /// Looks up the IPv4 addresses of a name.
  ///
  /// @param name in lower case, without a dot at its end
  /// @return what is known of it
  /// @throws IOException if no resolver answers
  Answer addresses(String name) throws IOException {
    Cached known = cached(name);
    if (known != null) {
      return remaining(known);
    }
    OptionalInt local = hosts.address(name);
    Answer answer =
        local.isPresent()
            ? new Answer(Rcode.NOERROR, List.of(local.getAsInt()), Duration.ofSeconds(5))
            : asked(absolute(name));
    if (answer.code() == Rcode.NOERROR || answer.code() == Rcode.NXDOMAIN) {
      remember(name, answer);
    }
    return answer;
  }

  private static Name absolute(String name) throws IOException {
    try {
      return Name.fromString(name, Name.root);
    } catch (TextParseException e) {
      throw new IOException("not a name: " + name, e);
    }
  }

  private Answer asked(Name question) throws IOException {
    Name name = question;
    long ttl = MAX_TTL_SECONDS;
    // A resolver usually sends the whole chain of aliases at once; one that does not is asked on.
    for (int i = 0; i < MAX_ALIASES; i++) {
      Message answer = forward(Record.newRecord(name, Type.A, DClass.IN), false, false);
      Name last = name;
      List<Record> records = answer.getSection(Section.ANSWER);
      for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
        CNAMERecord alias = alias(records, last);
        if (alias == null) {
          break;
        }
        last = alias.getTarget();
        ttl = Math.min(ttl, alias.getTTL());
      }
      List<Integer> addresses = new ArrayList<>();
      for (Record record : records) {
        if (record instanceof ARecord a && a.getName().equals(last)) {
          IpV4.of(a.getAddress()).ifPresent(addresses::add);
          ttl = Math.min(ttl, a.getTTL());
        }
      }
      if (!addresses.isEmpty() || last.equals(name) || answer.getRcode() != Rcode.NOERROR) {
        return addresses.isEmpty() ? none(answer) : some(addresses, ttl);
      }
      name = last;
    }
    return new Answer(Rcode.SERVFAIL, List.of(), Duration.ZERO);
  }

  private static Answer some(List<Integer> addresses, long ttl) {
    List<Integer> distinct = addresses.stream().distinct().limit(MAX_ADDRESSES).toList();
    return new Answer(Rcode.NOERROR, distinct, Duration.ofSeconds(Math.max(1, ttl)));
  }

  private static Answer none(Message answer) {
    long ttl = 5;
    for (Record record : answer.getSection(Section.AUTHORITY)) {
      if (record instanceof SOARecord soa) {
        ttl = Math.clamp(Math.min(soa.getTTL(), soa.getMinimum()), 1, MAX_NEGATIVE_TTL_SECONDS);
      }
    }
    return new Answer(answer.getRcode(), List.of(), Duration.ofSeconds(ttl));
  }

  private static @Nullable CNAMERecord alias(List<Record> records, Name name) {
    for (Record record : records) {
      if (record instanceof CNAMERecord alias && alias.getName().equals(name)) {
        return alias;
      }
    }
    return null;
  }

  /// Asks the resolvers: by UDP, by TCP what is too long for that.
  ///
  /// @return the answer of the first that knows
  /// @throws IOException if none answers in time
  Message forward(Record question, boolean checkingDisabled, boolean dnssec) throws IOException {
    long end = System.nanoTime() + deadline.toNanos();
    IOException failure = new IOException("no resolver is known");
    Message refusal = null;
    // Twice each: datagrams get lost.
    for (int round = 0; round < 2; round++) {
      for (InetSocketAddress server : servers.get()) {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        if (!left.isPositive()) {
          break;
        }
        try {
          Message answer = ask(server, question, checkingDisabled, dnssec, left);
          if (answer.getRcode() != Rcode.SERVFAIL && answer.getRcode() != Rcode.REFUSED) {
            return answer;
          }
          refusal = answer;
        } catch (IOException e) {
          failure = e;
        }
      }
      if (refusal != null) {
        return refusal;
      }
    }
    throw failure;
  }

  private static Message ask(
      InetSocketAddress server,
      Record question,
      boolean checkingDisabled,
      boolean dnssec,
      Duration left)
      throws IOException {
    SimpleResolver resolver = new SimpleResolver(server);
    resolver.setTimeout(left.compareTo(TRY) < 0 ? left : TRY);
    resolver.setEDNS(0, 0, dnssec ? ExtendedFlags.DO : 0, List.of());
    Message query = Message.newQuery(question);
    if (checkingDisabled) {
      query.getHeader().setFlag(Flags.CD);
    }
    return resolver.send(query);
  }

  private synchronized @Nullable Cached cached(String name) {
    Cached known = cache.get(name);
    if (known != null && System.nanoTime() - known.since > known.answer.timeToLive.toNanos()) {
      cache.remove(name);
      return null;
    }
    return known;
  }

  private static Answer remaining(Cached known) {
    long age = System.nanoTime() - known.since;
    return new Answer(
        known.answer.code, known.answer.addresses, known.answer.timeToLive.minusNanos(age));
  }

  private synchronized void remember(String name, Answer answer) {
    cache.put(name, new Cached(answer, System.nanoTime()));
    while (cache.size() > MAX_CACHED) {
      cache.remove(cache.keySet().iterator().next());
    }
  }
}
